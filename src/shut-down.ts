import { within } from './time.ts';

interface ShutDownParts {
  /** The client listener. */
  readonly listener: Listening;
  /** Stays open until everything else has stopped. */
  readonly opsListener: Listening;
  /** Makes the refreshes. */
  readonly listService: { idle(): Promise<void>; stop(): Promise<void> };
  /** Work whose callers may have left. */
  readonly pending: { idle(): Promise<void> };
  /** `close` ends the calls under way. */
  readonly upstream: { close(): Promise<void> };
  /** Stopping them ends all waiting for calls of other gateways. */
  readonly leases: { stop(): void };
  readonly watches: readonly { stop(): void }[];
  /** Stopping them ends the fetches of keys. */
  readonly issuers: { stop(): Promise<void> };
  /** Stopping it writes what is waiting. */
  readonly history: { stop(): Promise<void> };
  /** Live pages of operators. Left open, they would hold their connections. */
  readonly streams: { stop(): void };
  readonly stores: { close(): Promise<void> };
  readonly graceMs: number;
  /** Called when the grace is over: from then on new requests are refused. */
  graceOver(): void;
}

interface Listening {
  drain(spareIdleMs: number): Promise<void>;
  end(): void;
}

/**
 * How much of the grace idle connections get. Behind a balancer that knows nothing of HTTP, callers still use their
 * connections to a gateway that stops. Requests that come in this time are served, with `Connection: close`.
 */
const SPARED = 1 / 5;

/** How long the last requests on the ops listener may take. */
const OPS_ANSWERS_MS = 100;

/** How long refusals may take to reach the callers of ended requests. */
const REFUSALS_MS = 500;

/**
 * Stops in an order in which nothing is lost. First, no new connection is accepted. Requests under way, and those that
 * still come on open connections, may take until the grace is over. So may refreshes, since their lists are worth
 * saving. Then whatever is left is ended. The stores close when nothing can use them any more.
 */
export async function shutDown(parts: ShutDownParts): Promise<void> {
  const { listener, opsListener, listService, pending, upstream, leases, watches, stores } = parts;
  const idle = () => Promise.all([pending.idle(), listService.idle()]);
  const answered = listener.drain(parts.graceMs * SPARED);
  await within(answered.then(idle), parts.graceMs);

  parts.graceOver();
  await upstream.close();
  leases.stop();
  await listService.stop();
  await idle();
  await within(answered, REFUSALS_MS);
  listener.end();

  parts.streams.stop();
  const opsClosed = opsListener.drain(0);
  await within(opsClosed, OPS_ANSWERS_MS);
  opsListener.end();
  await opsClosed;
  for (const watch of watches) watch.stop();
  await parts.issuers.stop();
  // Requests that were being read when their connections were closed.
  await idle();
  await parts.history.stop();
  await stores.close();
}
