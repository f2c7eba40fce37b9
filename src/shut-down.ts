import { within } from './deadline.ts';

interface ShutDownParts {
  /** Where callers come in. */
  readonly listener: Listening;
  /** Stays open as long as there is something to tell. */
  readonly opsListener: Listening;
  /** The slow list calls. */
  readonly listService: { idle(): Promise<void>; abort(): void };
  /** Attempts whose callers may have left. */
  readonly pending: { idle(): Promise<void> };
  readonly upstream: { close(): Promise<void> };
  readonly watches: readonly { stop(): void }[];
  readonly stores: { close(): Promise<void> };
  readonly graceMs: number;
}

interface Listening {
  drain(): Promise<void>;
  end(): void;
}

/**
 * Stops in the order in which nothing is lost: no new connection; what is under way gets its grace, slow list calls
 * too, since their answers are worth saving; then it is ended; the stores close when nobody can use them any more.
 */
export async function shutDown(parts: ShutDownParts): Promise<void> {
  const { listener, opsListener, listService, pending, upstream, watches, stores } = parts;
  const drained = Promise.all([listener.drain(), pending.idle(), listService.idle()]);
  await within(drained, parts.graceMs);

  listService.abort();
  listener.end();
  await upstream.close();
  await Promise.all([listService.idle(), pending.idle()]);

  opsListener.end();
  await opsListener.drain();
  for (const watch of watches) watch.stop();
  await stores.close();
}
