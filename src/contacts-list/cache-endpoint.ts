import type { Clock } from '../time.ts';
import { isGoodList } from '../gewe/contacts-list.ts';
import type { Trace } from '../gewe/headers.ts';
import type { Subject, Upstream } from '../gewe/upstream.ts';
import { inTurn, type Turns } from '../turns.ts';
import type { Breaker } from './breaker.ts';
import type { SavedList } from './ports.ts';

/** The vendor's fetchContactsListCache, asked at most once at a time for each account, by whichever gateway on the store. */
export interface CacheEndpoint {
  /** The list that the vendor has kept, saved by now, or undefined. Never rejects. */
  ask(appId: string, trace: Trace): Promise<SavedList | undefined>;
  /** Resolves when no question is under way here. */
  idle(): Promise<void>;
}

interface CacheEndpointParts {
  readonly upstream: Pick<Upstream, 'call'>;
  readonly clock: Clock;
  readonly turns: Turns;
  readonly breaker: Pick<Breaker, 'excuse'>;
  /** For the whole question; a caller may stop waiting for it earlier. Milliseconds. */
  readonly deadlineMs: number;
  /** What is saved; undefined also where the store fails. Never rejects. */
  load(appId: string): Promise<SavedList | undefined>;
  /** Saves a list unless a newer one is there. Never rejects. */
  saveIfNewer(appId: string, list: SavedList): Promise<void>;
  /** A fault of ours on the way, for the log. */
  onFault(error: unknown): void;
}

/** What a gateway tells the others of its question. */
const [FOUND, NOTHING] = [Buffer.from('found'), Buffer.from('nothing')];

export function createCacheEndpoint(parts: CacheEndpointParts): CacheEndpoint {
  const { upstream, clock, turns, breaker, deadlineMs, load, saveIfNewer, onFault } = parts;
  const underWay = new Map<string, Promise<SavedList | undefined>>();

  async function ask(appId: string, trace: Trace): Promise<SavedList | undefined> {
    const operation = 'fetchContactsListCache';
    const subject: Subject = { operation, appId };
    // It is asked because a slow call is late or has failed, which has been counted.
    breaker.excuse(subject);
    // The list is at least as old as the question.
    const savedAt = clock.now();
    const outcome = await upstream.call(subject, {
      kind: 'read',
      path: `contacts/${operation}`,
      body: Buffer.from(JSON.stringify({ appId })),
      trace,
      deadlineMs,
    });
    if (outcome.kind !== 'answered' || !isGoodList(outcome.answer.json)) return undefined;
    const list: SavedList = { body: outcome.answer.body, savedAt, source: 'gewe-cache' };
    await saveIfNewer(appId, list);
    return list;
  }

  async function askInTurn(appId: string, trace: Trace): Promise<SavedList | undefined> {
    let own: SavedList | undefined;
    const request = { appId, what: 'list-cache', askedAt: clock.now() } as const;
    const told = await inTurn(turns, request, async () => {
      own = await ask(appId, trace);
      return own === undefined ? NOTHING : FOUND;
    });
    return own ?? (told?.equals(FOUND) ? load(appId) : undefined);
  }

  return {
    ask(appId, trace) {
      const before = underWay.get(appId);
      if (before !== undefined) return before;
      const asked = askInTurn(appId, trace).catch((error: unknown) => void onFault(error));
      underWay.set(appId, asked);
      void asked.then(() => underWay.delete(appId));
      return asked;
    },
    async idle() {
      await Promise.all(underWay.values());
    },
  };
}
