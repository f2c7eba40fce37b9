import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from '@jest/globals';

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A folder with these files, by relative path. It is removed after the tests of the file. */
export function folderWith(files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'gewe-gateway-'));
  made.push(folder);
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return folder;
}

/** The minimal settings of a gateway. */
export const LEAST = {
  GEWE_BASE_URL: 'http://127.0.0.1:2531/v2/api',
  GEWE_TOKEN: 'f3b1c2d4-upstream',
  GATEWAY_KEYS: 'crm:key-of-crm',
};
