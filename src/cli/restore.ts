import { resolve } from 'node:path';
import { startRestore, type Restored } from '../stores/sqlite/restore.ts';
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

const usage = (program: string) => `Usage: ${program} restore FILE [--forget-gap]

Puts a copy of FILE, a backup, in the place of the store that STORE_URL names (SQLite). Stop the gateway before. FILE is checked
first, and the previous store is kept beside the restored one.

What was charged between the backup and now is not known any more. So every quota of addContacts counts as used up for the
next 24 hours.

  --forget-gap   accounts may add at once, as far as the backup says. They may exceed their quotas

Exit code: 0 done, 1 failed, 64 usage, 78 the store or FILE cannot be used.
`;

const INSTEAD =
  'Restore Redis with its own means, or use copy-store to copy a SQLite store into an empty one';

/** `gewe-gateway restore FILE`: the exit code. */
export async function restore(args: readonly string[], io: Io): Promise<number> {
  const asked = readAsked(args, io, {
    usage: usage(io.program),
    names: 'FILE',
    options: ['forget-gap'],
  });
  if (typeof asked === 'number') return asked;
  const file = resolve(io.cwd, asked.names[0] ?? '');
  const { stdout, stderr } = redact(io, readStoreUrl(io).env);
  const storeUrl = storeUrlOf(io, stderr);
  if (storeUrl === undefined) return EXIT_CONFIG;
  return exitCodeOf(stderr, async () => {
    const path = fileOfStore(storeUrl, INSTEAD);
    const options = { clock: systemClock, forgetGap: asked.forgetGap };
    const restored = await workOnFiles(() => startRestore(path, file, options), {
      io,
      line: `Restoring ${file}`,
      interrupted: 'The store is as it was.',
    });
    stdout.write(inWords(file, restored, asked.forgetGap));
    return EXIT_OK;
  });
}

function inWords(file: string, restored: Restored, forgetGap: boolean): string {
  const { backedUpAt, kept, blockedUntil } = restored;
  const made = backedUpAt === undefined ? '' : `, made at ${new Date(backedUpAt).toISOString()}`;
  return [
    `Restored ${file}${made}: ${contentsInWords(restored)}.`,
    ...(kept === undefined ? [] : [`The previous store is kept as ${kept}.`]),
    forgetGap
      ? 'What was charged after the backup is forgotten: accounts may exceed their quotas.'
      : 'What was charged after the backup is not known.',
    ...(blockedUntil === undefined ? [] : [usedUpUntil(blockedUntil, forgetGap)]),
    '',
  ].join('\n');
}

function usedUpUntil(instant: number, forgetGap: boolean): string {
  const why = forgetGap ? 'But the backup itself was made after a restore: until' : 'Until';
  return `${why} ${new Date(instant).toISOString()} every quota of addContacts counts as used up.`;
}
