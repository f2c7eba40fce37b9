/** What went wrong between the gateway and Redis. Holds no argument of a command: those are keys, bodies and passwords. */
export class RedisError extends Error {
  /** Whether Redis may have carried it out all the same. */
  readonly mayBeDone: boolean;

  constructor(problem: string, mayBeDone: boolean) {
    super(`Redis: ${problem}`);
    this.name = 'RedisError';
    this.mayBeDone = mayBeDone;
  }
}

/** Whether what failed with `error` may have been carried out. */
export function mayBeDone(error: unknown): boolean {
  return !(error instanceof RedisError) || error.mayBeDone;
}

/** An error of the client, which holds its command with all arguments, as one that may be shown. */
export function plain(error: unknown): RedisError {
  if (error instanceof RedisError) return error;
  const { name, message, code } = error as { name?: unknown; message?: unknown; code?: unknown };
  const said = typeof message === 'string' && message !== '' ? message : String(code);
  // What Redis has answered with an error it has not done.
  return new RedisError(said, name !== 'ReplyError');
}
