import { within } from './deadline.ts';

interface ShutDownParts {
  /** Where callers come in. */
  readonly listener: Listening;
  /** Stays open as long as there is something to tell. */
  readonly opsListener: Listening;
  /** The slow list calls. */
  readonly listService: { idle(): Promise<void> };
  /** Attempts whose callers may have left. */
  readonly pending: { idle(): Promise<void> };
  /** Closing it ends the calls under way. */
  readonly upstream: { close(): Promise<void> };
  /** Stopping them ends the waiting for other gateways. */
  readonly turns: { stop(): void };
  readonly watches: readonly { stop(): void }[];
  readonly stores: { close(): Promise<void> };
  readonly graceMs: number;
}

interface Listening {
  drain(): Promise<void>;
  end(): void;
}

/** How long the refusals of what was ended may take to their callers. */
const REFUSALS_MS = 500;

/**
 * Stops in the order in which nothing is lost: no new connection; what is under way gets its grace, slow list calls
 * too, since their answers are worth saving; then it is ended; the stores close when nobody can use them any more.
 */
export async function shutDown(parts: ShutDownParts): Promise<void> {
  const { listener, opsListener, listService, pending, upstream, turns, watches, stores } = parts;
  const answered = listener.drain();
  await within(Promise.all([answered, pending.idle(), listService.idle()]), parts.graceMs);

  await upstream.close();
  turns.stop();
  await Promise.all([listService.idle(), pending.idle()]);
  await within(answered, REFUSALS_MS);
  listener.end();

  opsListener.end();
  await opsListener.drain();
  for (const watch of watches) watch.stop();
  await stores.close();
}
