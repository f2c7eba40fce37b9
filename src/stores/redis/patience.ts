import { performance } from 'node:perf_hooks';

/** How long a server may be silent. A refused addContacts must reach its caller within 500 ms, and this is what it waits for. */
export const SILENCE_MS = 300;
/** How long one answer is waited for while others come: a burst of questions is answered one after the other. */
export const WAIT_MS = 1500;

/** Tells a server that is busy from one that is away. */
export interface Patience {
  /** Something has come from the server: a part of a long answer is no silence. */
  heard(): void;
  /** What `answer` gives, or a rejection with `late()` when the server is silent for too long. */
  wait<T>(answer: Promise<T>, late: () => Error): Promise<T>;
}

export function createPatience(): Patience {
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

        function giveUpOrGoOn(): void {
          if (isOver) return;
          const now = performance.now();
          const untilMs =
            Math.min(Math.max(heardAt, askedAt) + SILENCE_MS, askedAt + WAIT_MS) - now;
          if (untilMs <= 0) reject(late());
          else arm(untilMs);
        }

        // What has arrived by then and only waits to be read counts, since this process may have been too busy: Node
        // reads its sockets between timers and immediates.
        function arm(ms: number): void {
          timer = setTimeout(() => setImmediate(giveUpOrGoOn), ms);
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
            // An answer as well: the server's own word.
            if (error.name === 'ReplyError') heard();
            reject(error);
          },
        );
      });
    },
  };
}
