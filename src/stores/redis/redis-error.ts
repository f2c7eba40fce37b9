/** What went wrong between the gateway and Redis. Holds no argument of a command: those are keys, bodies and passwords. */
export class RedisError extends Error {
  readonly problem: string;
  /** Whether Redis may have carried it out all the same. */
  readonly mayBeDone: boolean;

  constructor(problem: string, mayBeDone: boolean) {
    super(`Redis: ${problem}`);
    this.name = 'RedisError';
    this.problem = problem;
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
  const { message, code } = error as { message?: unknown; code?: unknown };
  // The client's words for what it has not sent.
  if (String(message).includes("Stream isn't writeable")) {
    return new RedisError('there is no connection', false);
  }
  const told = typeof message === 'string' && message !== '' ? message : String(code);
  // What it does not know Redis repeats: a command that was renamed, with the password.
  const said = told.replace(/,? with args beginning with:[^]*$/, '');
  // What Redis has answered with an error it has not done.
  return new RedisError(said, !isAnswer(error));
}

/** Whether Redis has answered, with an error. */
export function isAnswer(error: unknown): boolean {
  return (error as { name?: unknown }).name === 'ReplyError';
}

/** Among them those that are not about one command: as a replica, when it is full, when its disk is, when it knows us no more. */
const REFUSES =
  /\b(?:READONLY|OOM|MISCONF|NOREPLICAS|MASTERDOWN|NOAUTH|NOPERM|BUSY|LOADING|UNKILLABLE)\b/;

/** Whether `error` says that Redis does nothing for the gateway now, or takes no writes. Older ones have the word within their sentence. */
export function saysItRefuses(error: unknown): boolean {
  return isAnswer(error) && REFUSES.test(String(error));
}
