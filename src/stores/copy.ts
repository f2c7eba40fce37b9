import {
  lastsUntil,
  SECTIONS,
  type CopySource,
  type CopyTarget,
  type ReadableStore,
  type Records,
  type Section,
} from './transfer.ts';

export interface CopiedSection {
  readonly section: Section;
  readonly copied: number;
  /** What the target cannot keep. */
  readonly leftOut: number;
  /** How many of those copied should still be there at the end, and how many are. */
  readonly expected: number;
  readonly found: number;
}

export interface CopyEvents {
  onProgress(what: 'copying' | 'checking', section: Section, count: number): void;
  /** Asked between two batches. */
  isStopped(): boolean;
}

/** What ends soon may end before it is counted. */
const COUNTED_LATER_MS = 60_000;

/**
 * Copies all sections, and reads the target to count what is there. The caller decides by the counts whether to finish it.
 * Rejects if it is stopped, and if a gateway has begun to use the source.
 */
export async function copyStore(
  source: Omit<CopySource, 'close' | 'gapUntil'>,
  target: Pick<CopyTarget, 'now' | 'read' | 'write'>,
  events: CopyEvents,
): Promise<CopiedSection[]> {
  const copied = [];
  for (const section of SECTIONS) copied.push(await copySection(source, target, section, events));
  const result: CopiedSection[] = [];
  for (const { section, ends, leftOut } of copied) {
    const at = target.now() + COUNTED_LATER_MS;
    const expected = ends.filter((end) => end > at).length;
    const found = await countSection(target, section, at, events);
    result.push({ section, copied: ends.length, leftOut, expected, found });
  }
  await source.checkUnused();
  return result;
}

async function copySection<S extends Section>(
  source: Pick<CopySource, 'now' | 'read'>,
  target: Pick<CopyTarget, 'write'>,
  section: S,
  events: CopyEvents,
) {
  const now = source.now();
  const ends: number[] = [];
  let leftOut = 0;
  for await (const batch of source.read(section)) {
    refuseStopped(events);
    const needed = batch.filter((record) => lastsUntil(section, record) > now);
    const kept = needed.length === 0 ? 0 : await target.write(section, needed);
    leftOut += needed.length - kept;
    const there = kept === needed.length ? needed : needed.filter(hasAccount);
    for (const record of there) ends.push(lastsUntil(section, record));
    events.onProgress('copying', section, ends.length);
  }
  return { section, ends, leftOut };
}

/** What `CopyTarget.write` may leave out has none. */
function hasAccount(record: Records[Section]): boolean {
  return !('appId' in record) || record.appId !== undefined;
}

/** How many records there are that last beyond `at`, milliseconds since the epoch. */
async function countSection(
  store: ReadableStore,
  section: Section,
  at: number,
  events: CopyEvents,
): Promise<number> {
  let count = 0;
  for await (const batch of store.read(section)) {
    refuseStopped(events);
    count += batch.filter((record) => lastsUntil(section, record) > at).length;
    events.onProgress('checking', section, count);
  }
  return count;
}

function refuseStopped({ isStopped }: CopyEvents): void {
  if (isStopped())
    throw new Error('Interrupted. The copy is not complete, and gateways refuse it.');
}
