import type { Clock } from '../clock.ts';
import { isGoodList } from '../gewe/contacts-list.ts';
import type { Trace } from '../gewe/headers.ts';
import type { Upstream } from '../gewe/upstream.ts';
import { inTurn, type Turns } from '../turns.ts';
import type { SavedList } from './ports.ts';

/** The vendor's fetchContactsListCache, asked at most once at a time for each account, by whichever gateway on the store. */
export interface CacheEndpoint {
  /** The list that the vendor has kept, saved by now, or undefined. Never rejects. */
  ask(appId: string, trace: Trace): Promise<SavedList | undefined>;
}

interface CacheEndpointParts {
  readonly upstream: Pick<Upstream, 'call'>;
  readonly clock: Clock;
  readonly turns: Turns;
  /** For the whole question; a caller may stop waiting for it earlier. Milliseconds. */
  readonly deadlineMs: number;
  /** After so many milliseconds without an answer, `overdue` is told, once a question. */
  readonly overdueMs: number;
  overdue(appId: string): void;
  /** What is saved; undefined also where the store fails. Never rejects. */
  load(appId: string): Promise<SavedList | undefined>;
  /** Saves a list unless a newer one is there. Never rejects. */
  saveIfNewer(appId: string, list: SavedList): Promise<void>;
}

/** What a gateway tells the others of its question. */
const [FOUND, NOTHING] = [Buffer.from('found'), Buffer.from('nothing')];

export function createCacheEndpoint(parts: CacheEndpointParts): CacheEndpoint {
  const { upstream, clock, turns, deadlineMs, overdueMs, overdue, load, saveIfNewer } = parts;
  const underWay = new Map<string, Promise<SavedList | undefined>>();

  async function ask(appId: string, trace: Trace): Promise<SavedList | undefined> {
    const operation = 'fetchContactsListCache';
    // The list is at least as old as the question.
    const savedAt = clock.now();
    const timer = setTimeout(() => overdue(appId), overdueMs);
    const outcome = await upstream.call(
      { operation, appId },
      {
        path: `contacts/${operation}`,
        body: Buffer.from(JSON.stringify({ appId })),
        trace,
        deadlineMs,
      },
    );
    clearTimeout(timer);
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
      const asked = underWay.get(appId) ?? askInTurn(appId, trace);
      if (!underWay.has(appId)) {
        underWay.set(appId, asked);
        void asked.finally(() => underWay.delete(appId));
      }
      return asked;
    },
  };
}
