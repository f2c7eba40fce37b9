import type { Clock } from '../time.ts';
import type { Trace } from '../gewe/headers.ts';
import type { Subject, Upstream } from '../gewe/upstream.ts';
import type { ListSettings } from '../settings/settings.ts';
import type { Breaker } from './breaker.ts';
import type { Polls } from './polls.ts';
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
  readonly polls: Polls;
  readonly shelf: Pick<Shelf, 'load' | 'save'>;
  readonly turns: Turns;
  readonly breaker: Pick<Breaker, 'overdue'>;
  readonly clock: Clock;
  readonly settings: Pick<ListSettings, 'deadlineMs' | 'hardLimitMs' | 'maxCallsUnderWay'>;
  /** The last place was taken (true), or there are plenty again (false). */
  onCrowded(crowded: boolean): void;
  /** A fault of ours on the way, for the log. */
  onFault(error: unknown): void;
}

/** Crowded from the last place taken until half of them are free: not at every call that ends and begins. */
function isCrowded(wasCrowded: boolean, underWay: number, places: number): boolean {
  return wasCrowded ? underWay > places / 2 : underWay >= places;
}

export function createFlights(parts: FlightsParts): Flights {
  const { upstream, polls, shelf, turns, breaker, clock, settings, onCrowded, onFault } = parts;
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
      const startOwn = () => {
        const subject: Subject = { operation, appId };
        return startFlight({
          clock,
          deadlineMs: settings.deadlineMs,
          call: () => upstream.call(subject, { kind: 'read', path, body, trace, deadlineMs }),
          startPolls: (startedAt, onFound) => polls.start(appId, trace, startedAt, onFound),
          save: (list) => shelf.save(appId, list),
          overdue: () => breaker.overdue(subject),
          onFault,
        });
      };
      const flight = startSharedFlight({
        clock,
        askedAt,
        takeTurn: (since) => turns.take({ appId, what: 'list', askedAt: since }),
        startOwn,
        load: () => shelf.load(appId),
        onFault,
      });
      underWay.set(appId, flight);
      const land = () => {
        underWay.delete(appId);
        // Polls that outlive their call have the same upper bound as calls, so that an outage does not leave one per account.
        if (polls.count() > settings.maxCallsUnderWay) polls.end(appId);
        look();
      };
      flight.landing.then(land).catch(onFault);
      look();
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
