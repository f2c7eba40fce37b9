import type { Clock } from '../clock.ts';
import type { Trace } from '../gewe/headers.ts';
import type { Upstream } from '../gewe/upstream.ts';
import type { ListSettings } from '../settings/settings.ts';
import type { Breaker } from './breaker.ts';
import type { CacheEndpoint } from './cache-endpoint.ts';
import type { Turns } from '../turns.ts';
import { startFlight } from './flight.ts';
import { startSharedFlight, type SharedFlight } from './shared-flight.ts';
import type { Shelf } from './shelf.ts';

/** What goes upstream: the bytes of whoever asked first. */
export interface ListCall {
  readonly appId: string;
  readonly body: Buffer;
  readonly trace: Trace;
  /** Milliseconds since the epoch. */
  readonly askedAt: number;
}

/** The slow calls under way, one at most for each account, here or at another gateway on the same store. */
export interface Flights {
  of(appId: string): SharedFlight | undefined;
  /** Whether one more may be started: all of them together are bounded, too. */
  hasRoom(): boolean;
  /** Starts one for an account that has none. */
  start(call: ListCall): SharedFlight;
  /** Of those that are made here. */
  count(): number;
  /** Resolves when none is under way here. */
  idle(): Promise<void>;
}

interface FlightsParts {
  readonly upstream: Pick<Upstream, 'call'>;
  readonly cacheEndpoint: CacheEndpoint;
  readonly shelf: Pick<Shelf, 'load' | 'save'>;
  readonly turns: Turns;
  readonly breaker: Pick<Breaker, 'failed'>;
  readonly clock: Clock;
  readonly settings: Pick<
    ListSettings,
    'deadlineMs' | 'pollMs' | 'hardLimitMs' | 'maxCallsUnderWay'
  >;
  /** The last place was taken (true), or there are plenty again (false). */
  onCrowded(crowded: boolean): void;
}

/** Crowded from the last place taken until half of them are free: not at every call that ends and begins. */
function isCrowded(wasCrowded: boolean, underWay: number, places: number): boolean {
  return wasCrowded ? underWay > places / 2 : underWay >= places;
}

export function createFlights(parts: FlightsParts): Flights {
  const { upstream, cacheEndpoint, shelf, turns, breaker, clock, settings, onCrowded } = parts;
  const underWay = new Map<string, SharedFlight>();
  const operation = 'fetchContactsList';
  let crowded = false;

  function look(): void {
    const before = crowded;
    crowded = isCrowded(before, underWay.size, settings.maxCallsUnderWay);
    if (crowded !== before) onCrowded(crowded);
  }

  const own = () => [...underWay.values()].filter((flight) => !flight.isElsewhere());

  return {
    of: (appId) => underWay.get(appId),
    hasRoom: () => underWay.size < settings.maxCallsUnderWay,
    start({ appId, body, trace, askedAt }) {
      const path = `contacts/${operation}`;
      const deadlineMs = settings.hardLimitMs;
      const startOwn = () =>
        startFlight({
          clock,
          deadlineMs: settings.deadlineMs,
          pollMs: settings.pollMs,
          call: () => upstream.call({ operation, appId }, { path, body, trace, deadlineMs }),
          askCache: () => cacheEndpoint.ask(appId, trace),
          save: (list) => shelf.save(appId, list),
          overdue: () => breaker.failed(appId, 'timeout'),
        });
      const flight = startSharedFlight({
        clock,
        askedAt,
        takeTurn: (since) => turns.take({ appId, what: 'list', askedAt: since }),
        startOwn,
        load: () => shelf.load(appId),
      });
      underWay.set(appId, flight);
      look();
      void flight.landing.then(() => {
        underWay.delete(appId);
        look();
      });
      return flight;
    },
    count: () => own().length,
    async idle() {
      for (;;) {
        const flights = own();
        if (flights.length === 0) return;
        await Promise.all(flights.map(({ landing }) => landing));
      }
    },
  };
}
