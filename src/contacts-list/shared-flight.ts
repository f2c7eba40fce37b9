import type { Clock } from '../time.ts';
import type { MyTurn, Turn } from '../turns.ts';
import { FAULT, type Flight, type FlightResult } from './flight.ts';
import type { SavedList } from './ports.ts';
import { decodeResult, encodeResult } from './told-result.ts';

/** A slow call that this gateway makes, or another on the same store. */
export interface SharedFlight extends Flight {
  /** Resolves when it is known who makes the call, and so since when it is under way. */
  readonly placed: Promise<void>;
  /** One more caller waits for it, who asked then, in milliseconds since the epoch: what ended before that is nothing for it. */
  join(askedAt: number): void;
  /** Whether another gateway makes it. */
  isElsewhere(): boolean;
}

interface SharedFlightParts {
  readonly clock: Clock;
  /** When its first caller asked, in milliseconds since the epoch. */
  readonly askedAt: number;
  /** A turn that has ended since then will do. Rejects where the store fails: then the call is made here. */
  takeTurn(askedAt: number): Promise<Turn>;
  /** Makes the call here. */
  startOwn(): Flight;
  /** What is saved for the account; undefined also where the store fails. */
  load(): Promise<SavedList | undefined>;
  /** A fault of ours on the way, for the log. */
  onFault(error: unknown): void;
}

/**
 * Makes the slow call where it is this gateway's turn; else waits for what the other's comes to, and takes it over where that one is
 * not heard of any more. Lists come through the store, all else with the end of the turn.
 */
export function startSharedFlight(parts: SharedFlightParts): SharedFlight {
  const placed = Promise.withResolvers<void>();
  const first = Promise.withResolvers<FlightResult>();
  let { askedAt } = parts;
  let startedAt = askedAt;
  let elsewhere = false;

  async function flyHere(turn: MyTurn | undefined): Promise<FlightResult> {
    const flight = parts.startOwn();
    [startedAt, elsewhere] = [flight.startedAt, false];
    placed.resolve();
    void flight.first.then((result) => {
      if (!isPolled(result)) return;
      first.resolve(result);
      turn?.note();
    });
    const result = await flight.landing;
    // Before its callers are answered: whoever of them asks again means a new call.
    await turn?.end(encodeResult(result));
    return result;
  }

  async function fly(): Promise<FlightResult> {
    for (;;) {
      const turn = await parts.takeTurn(askedAt).catch(() => undefined);
      if (turn?.kind !== 'theirs') return flyHere(turn);
      [startedAt, elsewhere] = [turn.since, true];
      placed.resolve();
      turn.noted
        .then(async () => {
          const list = await parts.load();
          // The store may not have taken the one that is meant.
          if (list !== undefined && list.savedAt >= turn.since) {
            first.resolve(listResult(list, 'application/json'));
          }
        })
        .catch(parts.onFault);
      const told = await turn.ended;
      const result = await landed(told);
      if (result !== undefined) return result;
      // One that came to nothing has to be made anew. One that was lost another may have made anew already.
      if (told !== undefined) askedAt = parts.clock.now();
    }
  }

  async function landed(encoded: Buffer | undefined): Promise<FlightResult | undefined> {
    const result = encoded && decodeResult(encoded);
    if (result?.kind !== 'list') return result;
    const list = await parts.load();
    if (list === undefined || list.savedAt < result.savedAt) return undefined;
    return listResult(list, result.contentType);
  }

  const landing = fly().catch((error: unknown) => {
    parts.onFault(error);
    placed.resolve();
    return FAULT;
  });
  void landing.then(first.resolve);
  return {
    get startedAt() {
      return startedAt;
    },
    placed: placed.promise,
    join: (at) => void (askedAt = Math.max(askedAt, at)),
    isElsewhere: () => elsewhere,
    first: first.promise,
    landing,
  };
}

function isPolled(result: FlightResult): boolean {
  return result.kind === 'list' && result.list.source === 'gewe-cache';
}

function listResult(list: SavedList, contentType: string): FlightResult {
  return { kind: 'list', list, contentType };
}
