import { mkdtempSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder of its own with these files, by relative path. */
export function folderWith(files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'gewe-gateway-'));
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return folder;
}

/** What a gateway needs at the very least. */
export const LEAST = {
  GEWE_BASE_URL: 'http://127.0.0.1:2531/v2/api',
  GEWE_TOKEN: 'f3b1c2d4-upstream',
  GATEWAY_KEYS: 'crm:key-of-crm',
};
