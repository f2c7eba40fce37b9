import { resolve } from 'node:path';
import { startBackup } from '../stores/sqlite/backup.ts';
import { systemClock } from '../time.ts';
import { EXIT_CONFIG, EXIT_OK, type Io } from './io.ts';
import { readStoreUrl } from './read-settings.ts';
import { redact } from './redact.ts';
import {
  contentsInWords,
  exitCodeOf,
  fileOfStore,
  readAsked,
  storeUrlOf,
  workOnFiles,
} from './store-command.ts';

const usage = (program: string) => `Usage: ${program} backup FILE

Writes the store that STORE_URL names (SQLite) to FILE, which must not exist yet. The gateway may be running: it keeps serving.
FILE appears when it is complete and checked. Only its owner can read it, because it contains contact lists.

Exit code: 0 done, 1 failed, 64 usage, 78 the store or FILE cannot be used.
`;

const INSTEAD =
  "Back Redis up with its own means (its append-only file, or BGSAVE), or stop the gateways and use copy-store to copy it to 'sqlite:PATH'";

/** `gewe-gateway backup FILE`: the exit code. */
export async function backup(args: readonly string[], io: Io): Promise<number> {
  const asked = readAsked(args, io, { usage: usage(io.program), names: 'FILE', options: [] });
  if (typeof asked === 'number') return asked;
  const file = resolve(io.cwd, asked.names[0] ?? '');
  const { stdout, stderr } = redact(io, readStoreUrl(io).env);
  const storeUrl = storeUrlOf(io, stderr);
  if (storeUrl === undefined) return EXIT_CONFIG;
  return exitCodeOf(stderr, async () => {
    const path = fileOfStore(storeUrl, INSTEAD);
    const contents = await workOnFiles(() => startBackup(path, file, systemClock), {
      io,
      line: `Writing ${file}`,
      interrupted: 'Nothing was written.',
    });
    const bytes = contents.bytes.toLocaleString('en-US');
    stdout.write(`Wrote ${file} (${bytes} bytes) and checked it: ${contentsInWords(contents)}.\n`);
    return EXIT_OK;
  });
}
