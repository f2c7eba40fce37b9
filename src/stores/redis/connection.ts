import { performance } from 'node:perf_hooks';
import { Redis } from 'ioredis';

/**
 * No command is sent twice or later than it was meant: one whose answer is lost may have been carried out, and one that
 * waits for a connection belongs to a request that no longer waits for it.
 */
const OPTIONS = {
  protocol: 2,
  disableClientInfo: true,
  connectionName: 'gewe-gateway',
  connectTimeout: 1000,
  disconnectTimeout: 200,
  maxLoadingRetryTime: 200,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  // It would not notice a subscription that fails: pubsub.ts subscribes by itself.
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  retryStrategy: (times: number) => Math.min(50 * times, 500),
} as const;

/** Connects to `url`, and again whenever the connection is lost. `onError` gets each error, without secrets. */
export function connect(url: string, onError: (error: RedisError) => void): Redis {
  const client = new Redis(url, OPTIONS);
  client.on('error', (error: Error) => {
    onError(plain(error));
    // It may not have entered the database of the URL, and would use another one.
    if (client.status === 'connect' && isAnswer(error)) client.disconnect(true);
  });
  return client;
}

/** How long a server may be silent. A refused addContacts must reach its caller within 500 ms, and waits for this. */
export const SILENCE_MS = 300;
/** How long one answer may take while others come: a burst of commands is answered one after the other. */
export const WAIT_MS = 1500;

/** A timeout that distinguishes a server that is busy from one that is away. */
export interface AnswerTimeout {
  /** Something came from the server: while a long answer arrives in parts, the server is not silent. */
  heard(): void;
  /** The result of `answer`, or a rejection with `late()` if the server is silent for too long. */
  wait<T>(answer: Promise<T>, late: () => Error): Promise<T>;
}

export function createAnswerTimeout(): AnswerTimeout {
  let heardAt = -Infinity;
  const heard = () => {
    heardAt = performance.now();
  };

  return {
    heard,
    wait(answer, late) {
      const askedAt = performance.now();
      return new Promise((resolve, reject) => {
        let timer: NodeJS.Timeout | undefined;
        let isOver = false;

        function rejectOrWaitOn(): void {
          if (isOver) return;
          const now = performance.now();
          const untilMs =
            Math.min(Math.max(heardAt, askedAt) + SILENCE_MS, askedAt + WAIT_MS) - now;
          if (untilMs <= 0) reject(late());
          else arm(untilMs);
        }

        // This process may have been too busy to read what has arrived. Node reads its sockets between timers and
        // immediates, so by then it has.
        function arm(ms: number): void {
          timer = setTimeout(() => setImmediate(rejectOrWaitOn), ms);
        }

        arm(SILENCE_MS);
        const over = () => {
          isOver = true;
          clearTimeout(timer);
        };
        answer.then(
          (value) => {
            over();
            heard();
            resolve(value);
          },
          (error: Error) => {
            over();
            // An error of the server is an answer as well.
            if (isAnswer(error)) heard();
            reject(error);
          },
        );
      });
    },
  };
}

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
