import { storeUrl as storeUrlSchema } from '../settings/addresses.ts';
import { copyStore as copySections, type CopiedSection } from '../stores/copy.ts';
import { openCopySource, openCopyTarget } from '../stores/open-transfer.ts';
import { StoreCommandError } from '../stores/stores.ts';
import type { CopySource, CopyTarget, Section } from '../stores/transfer.ts';
import { EXIT_CONFIG, EXIT_FAILED, EXIT_OK, EXIT_USAGE, type Io } from './io.ts';
import { withProgress } from './progress.ts';
import { readStoreUrl } from './read-settings.ts';
import { redact, type Output } from './redact.ts';
import { nextSignal } from './signals.ts';
import { counted, exitCodeOf, readAsked, storeUrlOf } from './store-command.ts';

const usage = (program: string) => `Usage: ${program} copy-store FROM TO [--forget-gap]

Copies a whole store into an empty one, and counts what is there afterwards. Stop the gateways on both before. FROM and TO are
written like STORE_URL: sqlite:data/gateway.db, redis://host:6379/0. The word STORE_URL stands for that setting: use it for a
URL with a password, which other users of this machine could see in the command.

Gateways refuse a copy that is not complete.

  --forget-gap   copies a backup, or a store that was restored from one less than 24 hours ago. What was charged after that
                 backup is not known, and the copy does not count it: accounts may exceed their quotas

Exit code: 0 done, 1 failed, 64 usage, 78 a store cannot be used.
`;

const NAMES: Readonly<Record<Section, readonly [one: string, many: string]>> = {
  clocks: ['account clock', 'account clocks'],
  charges: ['charge', 'charges'],
  answers: ['idempotency answer', 'idempotency answers'],
  sessionKeys: ['session key', 'session keys'],
  sessionEnds: ['end of sessions', 'ends of sessions'],
  issuerKeys: ["issuer's key set", "issuers' key sets"],
  lists: ['saved list', 'saved lists'],
  attempts: ['journal entry', 'journal entries'],
  actions: ["operator's action", "operators' actions"],
  fetches: ['fetch of a list', 'fetches of lists'],
  activity: ["account's activity", "accounts' activities"],
  counts: ['count of requests', 'counts of requests'],
};

/** `gewe-gateway copy-store FROM TO`: the exit code. */
export async function copyStore(args: readonly string[], io: Io): Promise<number> {
  const asked = readAsked(args, io, {
    usage: usage(io.program),
    names: 'FROM TO',
    options: ['forget-gap'],
  });
  if (typeof asked === 'number') return asked;
  const { stdout, stderr } = redact(io, readStoreUrl(io).env, asked.names);
  const setting = storeUrlOf(io, stderr);
  if (setting === undefined) return EXIT_CONFIG;
  const urls = asked.names.map((name) => (name === 'STORE_URL' ? setting : name));
  for (const [index, url] of urls.entries()) {
    const parsed = storeUrlSchema.safeParse(url);
    if (parsed.success) continue;
    stderr.write(`${index === 0 ? 'FROM' : 'TO'} ${parsed.error.issues[0]?.message ?? ''}.\n`);
    return EXIT_USAGE;
  }
  const [from = '', to = ''] = urls;
  return exitCodeOf(stderr, () =>
    copy({ from, to, forgetGap: asked.forgetGap }, io, stdout, stderr),
  );
}

interface Copy {
  readonly from: string;
  readonly to: string;
  readonly forgetGap: boolean;
}

async function copy(
  { from, to, forgetGap }: Copy,
  io: Io,
  stdout: Output,
  stderr: Output,
): Promise<number> {
  const source = await openCopySource(from);
  try {
    if (!forgetGap) refuseGap(source);
    const target = await openCopyTarget(to);
    try {
      const sections = await copyVisibly(source, target, io);
      stdout.write(inWords(sections));
      const different = sections.filter(({ expected, found }) => expected !== found);
      if (different.length > 0) {
        stderr.write(showDifferent(different));
        return EXIT_FAILED;
      }
      await target.finish();
      stdout.write(
        'The target has all of it. To use it, set STORE_URL to it and start the gateways.\n',
      );
      return EXIT_OK;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** The copy would not know of the gap. */
function refuseGap({ gapUntil, now }: CopySource): void {
  if (gapUntil === undefined || gapUntil <= now()) return;
  throw new StoreCommandError(
    'FROM is a backup or was restored from one, and what was charged after that backup is not known',
    `Copy it once a gateway has run on it until ${new Date(gapUntil).toISOString()}, or with --forget-gap if accounts may exceed their quotas`,
  );
}

function copyVisibly(source: CopySource, target: CopyTarget, io: Io): Promise<CopiedSection[]> {
  let [line, stopped] = ['', false];
  void nextSignal().then(() => (stopped = true));
  const work = copySections(source, target, {
    onProgress(what, section, count) {
      const verb = what === 'copying' ? 'Copying' : 'Checking';
      line = `${verb}: ${counted(count, ...NAMES[section])}`;
    },
    isStopped: () => stopped,
  });
  return withProgress(io.stderr, () => line, work);
}

function inWords(sections: readonly CopiedSection[]): string {
  const lines = sections.map(({ section, copied }) => `  ${counted(copied, ...NAMES[section])}\n`);
  const left = sections
    .filter(({ leftOut }) => leftOut > 0)
    .map(
      ({ section, leftOut }) =>
        `Left out: ${counted(leftOut, ...NAMES[section])} that an older gateway wrote without the account. Such a request that is repeated within 24 hours would be sent again.\n`,
    );
  return `Copied:\n\n${lines.join('')}\n${left.join('')}`;
}

function showDifferent(different: readonly CopiedSection[]): string {
  const lines = different.map(
    ({ section, expected, found }) =>
      `  ${NAMES[section][1]}: ${expected} were copied, ${found} are there\n`,
  );
  return `The copy is not complete, and gateways refuse it:\n\n${lines.join('')}\nEmpty the target and copy again.\n`;
}
