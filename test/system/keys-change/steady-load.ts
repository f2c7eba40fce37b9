import { Agent } from 'node:http';
import { httpCall, type HttpCall } from '../../support/http-client.ts';

export interface LoadAnswer {
  /** The name of the request. */
  readonly ask: string;
  /** Milliseconds, by `performance.now()`. */
  readonly sentAt: number;
  readonly endedAt: number;
  readonly status: number;
  /** The code of the refusal, or `passed`; with the client's rate limit, if the response has it. */
  readonly outcome: string;
}

export interface SteadyLoad {
  /** All responses so far, in the order of their ends. */
  readonly answers: readonly LoadAnswer[];
  /** Resolves when `isEnough` is true for the responses so far; checked after each of them. */
  until(isEnough: (answers: readonly LoadAnswer[]) => boolean): Promise<void>;
  /** Sends nothing more, and resolves when everything was answered. */
  stop(): Promise<void>;
}

export type Ask = Pick<HttpCall, 'path' | 'headers' | 'body'>;

/** The maximum of unanswered requests, so that a slow gateway is not overloaded. */
const MOST_UNDER_WAY = 64;

/** Sends these in rotation, one every `everyMs`, over a few kept connections. */
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
