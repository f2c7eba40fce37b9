/** A failure between the gateway and Redis. It has no arguments of commands in it: those are keys, bodies and passwords. */
export class RedisError extends Error {
  readonly problem: string;
  /** Whether Redis may have carried the command out all the same. */
  readonly mayBeDone: boolean;

  constructor(problem: string, mayBeDone: boolean) {
    super(`Redis: ${problem}`);
    this.name = 'RedisError';
    this.problem = problem;
    this.mayBeDone = mayBeDone;
  }
}

/** Whether the command that failed with `error` may have been carried out. */
export function mayBeDone(error: unknown): boolean {
  return !(error instanceof RedisError) || error.mayBeDone;
}

/** An error of the client, which has its command with all arguments, as an error that may be shown. */
export function plain(error: unknown): RedisError {
  if (error instanceof RedisError) return error;
  const { message, code } = error as { message?: unknown; code?: unknown };
  // The client says so of a command that it has not sent.
  if (String(message).includes("Stream isn't writeable")) {
    return new RedisError('there is no connection', false);
  }
  const text = typeof message === 'string' && message !== '' ? message : String(code);
  // Redis repeats an unknown command with its arguments: of a renamed AUTH, the password.
  const said = text.replace(/,? with args beginning with:[^]*$/, '');
  // If Redis has answered with an error, it has not carried the command out.
  return new RedisError(said, !isAnswer(error));
}

/** Whether Redis has answered, with an error. */
export function isAnswer(error: unknown): boolean {
  return (error as { name?: unknown }).name === 'ReplyError';
}

/** Errors that are not about one command: it is a replica, it or its disk is full, it does not know our user any more. */
const REFUSES =
  /\b(?:READONLY|OOM|MISCONF|NOREPLICAS|MASTERDOWN|NOAUTH|NOPERM|BUSY|LOADING|UNKILLABLE)\b/;

/** Whether `error` says that Redis does nothing for the gateway now, or takes no writes. Old versions have the word within a sentence. */
export function saysItRefuses(error: unknown): boolean {
  return isAnswer(error) && REFUSES.test(String(error));
}
