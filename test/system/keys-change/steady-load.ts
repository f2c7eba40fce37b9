import { Agent } from 'node:http';
import { httpCall, type HttpCall } from '../../support/http-client.ts';

export interface LoadAnswer {
  /** The name of what was asked. */
  readonly ask: string;
  /** Milliseconds, by `performance.now()`. */
  readonly sentAt: number;
  readonly endedAt: number;
  readonly status: number;
  /** The code of a refusal, or `passed`; with the limit of the client's rate, where the answer tells it. */
  readonly outcome: string;
}

export interface SteadyLoad {
  /** All so far, in the order in which they ended. */
  readonly answers: readonly LoadAnswer[];
  /** Resolves when `isEnough` says so of the answers so far; looks after each of them. */
  until(isEnough: (answers: readonly LoadAnswer[]) => boolean): Promise<void>;
  /** Sends nothing more, and resolves when all has been answered. */
  stop(): Promise<void>;
}

export type Ask = Pick<HttpCall, 'path' | 'headers' | 'body'>;

/** More than this is not left unanswered at a time: what is slow must not be buried. */
const MOST_UNDER_WAY = 64;

/** Sends these by turns, one every `everyMs`, over a few connections that are kept. */
export function startLoad(
  url: string,
  asks: Readonly<Record<string, Ask>>,
  { everyMs, connections }: { everyMs: number; connections: number },
): SteadyLoad {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const names = Object.keys(asks);
  const answers: LoadAnswer[] = [];
  const underWay = new Set<Promise<void>>();
  const looks = new Set<() => void>();
  let turn = 0;

  async function send(ask: string): Promise<void> {
    const sentAt = performance.now();
    const { status, outcome } = await answerTo(url, { ...(asks[ask] as Ask), agent });
    answers.push({ ask, sentAt, endedAt: performance.now(), status, outcome });
    for (const look of [...looks]) look();
  }

  const timer = setInterval(() => {
    if (underWay.size >= MOST_UNDER_WAY) return;
    const sending = send(names[turn++ % names.length] as string);
    underWay.add(sending);
    void sending.then(() => underWay.delete(sending));
  }, everyMs);

  return {
    answers,
    until(isEnough) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = () => {
        if (!isEnough(answers)) return;
        looks.delete(look);
        resolve();
      };
      looks.add(look);
      look();
      return promise;
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      agent.destroy();
    },
  };
}

async function answerTo(
  url: string,
  call: HttpCall,
): Promise<Pick<LoadAnswer, 'status' | 'outcome'>> {
  try {
    const { status, headers, json } = await httpCall(url, call);
    const [, limit] = /"client"; *q=(\d+)/.exec(String(headers['ratelimit-policy'])) ?? [];
    const { code = 'passed' } = json() as { code?: string };
    return { status, outcome: limit === undefined ? code : `${code}, client limit ${limit}` };
  } catch (error) {
    return { status: 0, outcome: String(error) };
  }
}
