import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

/** Prints what a program loads. */
const PRINT_LOADED = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({ load(url, context, next) { console.log(url); return next(url, context); } });
`)}`;

async function loadedBy(module: string): Promise<string> {
  const path = fileURLToPath(new URL(`../../../src/${module}`, import.meta.url));
  const args = ['--import', PRINT_LOADED, '--input-type=module', '-e'];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...args, `await import(${JSON.stringify(path)}); process.exit();`],
    { maxBuffer: 2 ** 26 },
  );
  return stdout;
}

test('a gateway that starts does not load the library for documents, nor the page', async () => {
  const loaded = await loadedBy('gateway.ts');
  expect(loaded).toContain('/src/docs/answer-docs.ts');
  expect(loaded).not.toMatch(/\/zod-openapi\/|\/src\/docs\/(?:openapi|page|contacts)\.ts/);
});

test('the document loads it', async () => {
  expect(await loadedBy('docs/openapi.ts')).toContain('/zod-openapi/');
});
