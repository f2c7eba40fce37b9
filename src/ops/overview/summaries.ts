import { setImmediate as turn } from 'node:timers/promises';
import { declaredBy, standingOf } from '../../add-contacts/account-age.ts';
import type { AddContactsPolicy } from '../../add-contacts/policy.ts';
import type { AccountRecord, AccountRegister } from '../../add-contacts/ports.ts';
import type { ListIndex, ListIndexEntry } from '../../contacts-list/ports.ts';
import type { AccountActivity, ActivityIndex, ListFetch } from '../../history/ports.ts';
import type { Clock } from '../../time.ts';
import { BATCH } from './keyset.ts';

/** An account in the overview. Instants are milliseconds since the epoch. */
export interface AccountSummary {
  readonly appId: string;
  /** Since when it counts as online, and how that is known. Undefined also if the policy trusts it to be old. */
  readonly onlineSince:
    { readonly at: number; readonly by: 'admin-api' | 'policy-file' | 'seen' } | undefined;
  readonly list: Omit<ListIndexEntry, 'appId'> | undefined;
  /** The last addContacts that was decided, refused ones included. */
  readonly lastAttemptAt: number | undefined;
  /** Since midnight, UTC. */
  readonly refusedToday: number;
  readonly lastFetch: Pick<ListFetch, 'at' | 'durationMs' | 'outcome'> | undefined;
}

export interface Summaries {
  /**
   * All accounts that were seen or declared, have a saved list, or tried to add somebody, in the order of appId. At most
   * two seconds old. Rejects if the store fails.
   */
  all(): Promise<readonly AccountSummary[]>;
}

interface SummariesParts {
  readonly register: Pick<AccountRegister, 'list'>;
  readonly listIndex: ListIndex;
  readonly history: ActivityIndex;
  /** Since when accounts are online, by the policy file. */
  readonly declared: ReadonlyMap<string, number>;
  readonly unknown: AddContactsPolicy['accountAge']['unknown'];
  readonly clock: Clock;
}

const KEEP_MS = 2000;
const DAY_MS = 24 * 3_600_000;

/** One read serves all who ask meanwhile, and in the two seconds after it. */
export function createSummaries(parts: SummariesParts): Summaries {
  const { clock } = parts;
  let kept: { readonly all: readonly AccountSummary[]; readonly at: number } | undefined;
  let reading: Promise<readonly AccountSummary[]> | undefined;

  async function read(): Promise<readonly AccountSummary[]> {
    const all = await readSummaries(parts);
    kept = { all, at: clock.monotonic() };
    return all;
  }

  return {
    async all() {
      if (kept !== undefined && clock.monotonic() - kept.at < KEEP_MS) return kept.all;
      reading ??= read().finally(() => (reading = undefined));
      return reading;
    },
  };
}

/** Merges what is known of the accounts, batch by batch. Other work gets its turn between two of them. */
async function readSummaries(parts: SummariesParts): Promise<AccountSummary[]> {
  const { register, listIndex, history, declared, unknown, clock } = parts;
  const inPolicyFile = [...declared]
    .map(([appId, onlineSince]) => ({ appId, onlineSince }))
    .sort((a, b) => (a.appId < b.appId ? -1 : 1));
  const summaries: AccountSummary[] = [];
  for (let after: string | undefined; ;) {
    const [records, lists, activities] = await Promise.all([
      register.list(after, BATCH),
      listIndex.index(after, BATCH),
      history.activity(after, BATCH),
    ]);
    const upTo = commonEnd([records, lists, activities], BATCH);
    const declarations = inPolicyFile.filter(({ appId }) => after === undefined || appId > after);
    const facts = { records, lists, activities, declarations };
    const day = Math.floor(clock.now() / DAY_MS);
    for (const summary of merge(facts, upTo, unknown, day)) summaries.push(summary);
    if (upTo === undefined) return summaries;
    after = upTo;
    await turn();
  }
}

interface Facts {
  readonly records: readonly AccountRecord[];
  readonly lists: readonly ListIndexEntry[];
  readonly activities: readonly AccountActivity[];
  readonly declarations: readonly { readonly appId: string; readonly onlineSince: number }[];
}

interface Of {
  readonly appId: string;
}

/** The last appId up to which all of the batches are complete; undefined if nothing comes after any of them. */
function commonEnd(batches: readonly (readonly Of[])[], size: number): string | undefined {
  const ends = batches
    .filter((batch) => batch.length >= size)
    .flatMap((batch) => batch.at(-1)?.appId ?? []);
  return ends.length === 0 ? undefined : ends.reduce((a, b) => (a < b ? a : b));
}

function merge(
  { records, lists, activities, declarations }: Facts,
  upTo: string | undefined,
  unknown: AddContactsPolicy['accountAge']['unknown'],
  day: number,
): AccountSummary[] {
  const [recordOf, listOf] = [byAppId(records), byAppId(lists)];
  const [activityOf, declarationOf] = [byAppId(activities), byAppId(declarations)];
  const appIds = new Set(
    [recordOf, listOf, activityOf, declarationOf].flatMap((facts) => [...facts.keys()]),
  );
  return [...appIds]
    .filter((appId) => upTo === undefined || appId <= upTo)
    .sort()
    .map((appId) => {
      const [record, list, activity] = [
        recordOf.get(appId),
        listOf.get(appId),
        activityOf.get(appId),
      ];
      return {
        appId,
        onlineSince: onlineSinceOf(record, declarationOf.get(appId)?.onlineSince, unknown),
        list: list && { savedAt: list.savedAt, bytes: list.bytes, source: list.source },
        lastAttemptAt: activity?.lastAttemptAt,
        refusedToday: activity?.refused?.day === day ? activity.refused.count : 0,
        lastFetch: activity?.lastFetch,
      };
    });
}

function byAppId<T extends Of>(entries: readonly T[]): ReadonlyMap<string, T> {
  return new Map(entries.map((entry) => [entry.appId, entry]));
}

function onlineSinceOf(
  record: AccountRecord | undefined,
  inPolicyFile: number | undefined,
  unknown: AddContactsPolicy['accountAge']['unknown'],
): AccountSummary['onlineSince'] {
  const standing = standingOf(record, inPolicyFile, unknown);
  if (standing.kind !== 'known') return undefined;
  const by = standing.by === 'operator' ? declaredBy(record) : 'seen';
  return { at: standing.onlineSince, by };
}
