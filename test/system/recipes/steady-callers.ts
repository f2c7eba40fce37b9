import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { GOOD_HEADERS, httpCall, type HttpAnswer } from '../../support/http-client.ts';

export interface Asker {
  readonly name: string;
  /** Whether it sends all its requests over one connection, for as long as it may; else each has its own. */
  readonly keepsConnection: boolean;
  /** Between an answer and the next request. */
  readonly everyMs: number;
  next(): { readonly operation: string; readonly body: object };
  isGood(answer: HttpAnswer): boolean;
}

export interface SteadyCallers {
  /** How many good answers each has had so far, by its name. */
  readonly good: ReadonlyMap<string, number>;
  /** What was no good answer: errors of connections, too. */
  readonly bad: readonly string[];
  /** Resolves when all has been answered; nothing is sent after that. */
  stop(): Promise<void>;
}

/** Each of them asks on and on, one request at a time, and repeats none. */
export function startCallers(url: string, askers: readonly Asker[]): SteadyCallers {
  const good = new Map(askers.map(({ name }) => [name, 0]));
  const bad: string[] = [];
  let stopped = false;

  async function ask({ name, next, isGood }: Asker, agent: Agent | undefined): Promise<void> {
    const { operation, body } = next();
    const call = { path: `/contacts/${operation}`, headers: GOOD_HEADERS, agent };
    try {
      const answer = await httpCall(url, { ...call, body: JSON.stringify(body) });
      if (isGood(answer)) good.set(name, (good.get(name) ?? 0) + 1);
      else bad.push(`${name}: ${answer.status} ${answer.body.toString().slice(0, 300)}`);
    } catch (error) {
      bad.push(`${name}: ${String(error)}`);
    }
  }

  async function askOnAndOn(asker: Asker): Promise<void> {
    const agent = asker.keepsConnection ? new Agent({ keepAlive: true, maxSockets: 1 }) : undefined;
    while (!stopped) {
      await ask(asker, agent);
      await pause(asker.everyMs);
    }
    agent?.destroy();
  }

  const asking = askers.map(askOnAndOn);
  return {
    good,
    bad,
    async stop() {
      stopped = true;
      await Promise.all(asking);
    },
  };
}
