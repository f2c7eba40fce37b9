import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runGateway } from '../../support/gateway-process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/**
 * Runs `gewe-gateway check` with the environment of a container. Paths of the container are looked up in a folder that
 * represents its file system, with these files in it.
 */
export async function checkEnvironment(
  environment: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const root = await temporaryFolder();
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root.path, path)), { recursive: true });
      await writeFile(join(root.path, path), text);
    }
    const env = Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [
        name,
        value.startsWith('/') ? join(root.path, value) : value,
      ]),
    );
    const cwd = join(root.path, 'app');
    await mkdir(cwd, { recursive: true });
    const check = runGateway(['check'], { cwd, env });
    const { code } = await check.ended;
    return { code, output: check.output() };
  } finally {
    await root.remove();
  }
}
