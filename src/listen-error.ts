/** A listener that cannot have its address. `cause` is what Node says, and may repeat a host name. */
export class ListenError extends Error {
  readonly listener: 'client' | 'ops';

  constructor(listener: 'client' | 'ops', cause: unknown) {
    super(`the ${listener} listener cannot listen`, { cause });
    this.name = 'ListenError';
    this.listener = listener;
  }
}

/** The same promise, which rejects with a ListenError that knows whose it is. */
export function listening<T>(listener: 'client' | 'ops', started: Promise<T>): Promise<T> {
  return started.catch((cause: unknown) => {
    throw new ListenError(listener, cause);
  });
}
