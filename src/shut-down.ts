import { within } from './time.ts';

interface ShutDownParts {
  /** Where callers come in. */
  readonly listener: Listening;
  /** Stays open as long as there is something to tell. */
  readonly opsListener: Listening;
  /** The slow list calls. */
  readonly listService: { idle(): Promise<void>; stop(): Promise<void> };
  /** Attempts whose callers may have left. */
  readonly pending: { idle(): Promise<void> };
  /** Closing it ends the calls under way. */
  readonly upstream: { close(): Promise<void> };
  /** Stopping them ends the waiting for other gateways. */
  readonly turns: { stop(): void };
  readonly watches: readonly { stop(): void }[];
  readonly stores: { close(): Promise<void> };
  readonly graceMs: number;
  /** From here on new requests are refused. */
  graceOver(): void;
}

interface Listening {
  drain(spareIdleMs: number): Promise<void>;
  end(): void;
}

/**
 * How much of the grace idle connections get. A balancer that knows nothing of HTTP leaves callers on connections to a
 * gateway that stops: those who send meanwhile are served, and told to take another connection.
 */
const SPARED = 1 / 5;

/** How long what was just asked of the ops listener may take. */
const OPS_ANSWERS_MS = 100;

/** How long the refusals of what was ended may take to their callers. */
const REFUSALS_MS = 500;

/**
 * Stops in the order in which nothing is lost: no new connection; what is under way, or still comes on a connection that
 * there is, gets its grace, slow list calls too, since their answers are worth saving; then it is ended; the stores close
 * when nobody can use them any more.
 */
export async function shutDown(parts: ShutDownParts): Promise<void> {
  const { listener, opsListener, listService, pending, upstream, turns, watches, stores } = parts;
  const idle = () => Promise.all([pending.idle(), listService.idle()]);
  const answered = listener.drain(parts.graceMs * SPARED);
  await within(answered.then(idle), parts.graceMs);

  parts.graceOver();
  await upstream.close();
  turns.stop();
  await listService.stop();
  await idle();
  await within(answered, REFUSALS_MS);
  listener.end();

  const opsClosed = opsListener.drain(0);
  await within(opsClosed, OPS_ANSWERS_MS);
  opsListener.end();
  await opsClosed;
  for (const watch of watches) watch.stop();
  // What was just being read when its connection was ended.
  await idle();
  await stores.close();
}
