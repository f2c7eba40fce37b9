import { Agent, request, type OutgoingHttpHeaders } from 'node:http';
import { json } from 'node:stream/consumers';

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

export interface Ask {
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

/** More than this is not left unanswered at a time: what is slow must not be buried. */
const MOST_UNDER_WAY = 64;

/** Sends these by turns to `target`, one every `everyMs`, over a few connections that are kept. */
export function startLoad(
  target: string,
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
    const { headers, body } = asks[ask] as Ask;
    const { status, outcome } = await answerTo(target, { agent, headers }, body);
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

function answerTo(
  target: string,
  options: { agent: Agent; headers: OutgoingHttpHeaders },
  body: string,
): Promise<Pick<LoadAnswer, 'status' | 'outcome'>> {
  const { promise, resolve } = Promise.withResolvers<Pick<LoadAnswer, 'status' | 'outcome'>>();
  const sending = request(target, { method: 'POST', ...options }, (response) => {
    const { statusCode: status = 0, headers } = response;
    const limit = /"client"; *q=\d+/.exec(String(headers['ratelimit-policy']))?.[0];
    json(response).then(
      (answer) => {
        const { code = 'passed' } = answer as { code?: string };
        resolve({ status, outcome: limit === undefined ? code : `${code} ${limit}` });
      },
      (error: unknown) => resolve({ status, outcome: String(error) }),
    );
  });
  sending.on('error', (error) => resolve({ status: 0, outcome: String(error) }));
  sending.end(body);
  return promise;
}
