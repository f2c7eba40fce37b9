import { overGateways, singleFlight } from '../coalesce.ts';
import { isGoodList } from '../gewe/outcome.ts';
import type { Trace } from '../gewe/headers.ts';
import type { Subject, Upstream } from '../gewe/upstream.ts';
import type { Leases } from '../leases.ts';
import type { Clock } from '../time.ts';
import type { Breaker } from './breaker.ts';
import type { Faults } from './faults.ts';
import type { SavedList } from './ports.ts';
import type { SavedLists } from './saved-lists.ts';

/** GEWE's fetchContactsListCache. For each account, only one of the gateways on the store calls it at a time. */
export interface GeweCache {
  /** The list that GEWE keeps, saved by now; undefined if it has none. Never rejects. */
  ask(appId: string, trace: Trace): Promise<SavedList | undefined>;
  /** Resolves when no call is under way here. */
  idle(): Promise<void>;
}

interface GeweCacheParts {
  readonly upstream: Pick<Upstream, 'call'>;
  readonly clock: Clock;
  readonly leases: Leases;
  readonly breaker: Pick<Breaker, 'excuse'>;
  readonly savedLists: Pick<SavedLists, 'load' | 'saveIfNewer'>;
  readonly faults: Faults;
  /** For the whole call; callers may stop waiting earlier. Milliseconds. */
  readonly deadlineMs: number;
}

type Kept = SavedList | 'nothing';

/** What other gateways get of the result: the list itself is in the store. */
const [FOUND, NOTHING] = [Buffer.from('found'), Buffer.from('nothing')];

export function createGeweCache(parts: GeweCacheParts): GeweCache {
  const { upstream, clock, leases, breaker, savedLists, faults, deadlineMs } = parts;
  const calls = singleFlight<SavedList | undefined>();

  async function ask(appId: string, trace: Trace): Promise<Kept> {
    const operation = 'fetchContactsListCache';
    const subject: Subject = { operation, appId };
    // This call is made because a refresh is late or has failed, which has been counted.
    faults.contain(() => breaker.excuse(subject));
    // The list is at least as old as this call.
    const savedAt = clock.now();
    const outcome = await upstream.call(subject, {
      kind: 'read',
      path: `contacts/${operation}`,
      body: Buffer.from(JSON.stringify({ appId })),
      trace,
      deadlineMs,
    });
    if (outcome.kind !== 'answered' || !isGoodList(outcome.answer.json)) return 'nothing';
    const list: SavedList = { body: outcome.answer.body, savedAt, source: 'gewe-cache' };
    await savedLists.saveIfNewer(appId, list);
    return list;
  }

  async function askAtOneGateway(appId: string, trace: Trace): Promise<SavedList | undefined> {
    const askedAt = clock.now();
    const kept = await overGateways<Kept>(leases, clock, {
      appId,
      work: 'list-cache',
      askedAt: () => askedAt,
      perform: () => ask(appId, trace),
      encode: (result) => (result === 'nothing' ? NOTHING : FOUND),
      decode: async (encoded) =>
        encoded.equals(FOUND) ? ((await savedLists.load(appId)) ?? 'nothing') : 'nothing',
    });
    return kept === 'nothing' ? undefined : kept;
  }

  return {
    ask: (appId, trace) =>
      calls.join(appId, () => faults.containAsync(() => askAtOneGateway(appId, trace))),
    idle: calls.idle,
  };
}
