/** A real gateway and the model of its quotas: both get the same events and must give the same responses. */
import { copyFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { setImmediate } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { createSimulator } from '../../../src/simulator/simulator.ts';
import { isAdd, type addBody } from '../../support/add-contacts.ts';
import { movableClock } from '../../support/movable-clock.ts';
import { startGateway, TOKEN } from '../../support/start-gateway.ts';
import { callAdmin, post, readAccount, seenOf, sorted } from './calls.ts';
import { ACCOUNTS, START, type Command } from './histories.ts';
import { createQuotaModel } from './model.ts';
import { OUTCOMES, type Upstream } from './upstream-outcomes.ts';
import type { Ask, ModelPolicy, Seen } from './words.ts';

/** Only against hanging: everything that is waited for takes a millisecond. */
const PATIENCE_MS = 60_000;

/** An addContacts that reached the upstream. */
export interface ReceivedAdd {
  readonly appId: string;
  readonly option: number;
  readonly v3: string;
  readonly at: number;
  /** What the account's age allowed in a day, at that time. */
  readonly addsPerDay: number;
}

export interface ModelledGateway {
  /** Plays an event on both, and expects the same observations. */
  carryOut(command: Command): Promise<void>;
  /** All that reached the upstream, in order. */
  readonly received: readonly ReceivedAdd[];
  stop(): Promise<void>;
}

/** @param storeUrl the store of the gateway at each start; after an abrupt end, a copy of it */
export async function startModelledGateway(
  policy: ModelPolicy,
  storeUrl: string,
): Promise<ModelledGateway> {
  const clock = movableClock(START);
  const model = createQuotaModel(policy, clock.now);
  const simulator = createSimulator({ token: TOKEN, now: clock.now });
  const { port, baseUrl } = await simulator.start();
  const received: ReceivedAdd[] = [];
  let newcomers = 0;
  let lastAsk: Ask | undefined;
  let currentUrl = storeUrl;
  let copies = 0;
  let gateway = await start();

  function start() {
    return startGateway({
      simulator,
      policy: JSON.stringify(policy),
      env: {
        GEWE_BASE_URL: baseUrl,
        STORE_URL: currentUrl,
        GEWE_TIMEOUT_MS: '1500',
        SHUTDOWN_GRACE_MS: '50',
        LOG_LEVEL: 'error',
      },
      overrides: { clock },
    });
  }

  const sendAll = (asks: readonly Ask[]) => Promise.all(asks.map((one) => post(gateway.url, one)));

  /** Records what reached the upstream since the last call. Returns how many. */
  function look(): number {
    const calls = simulator.calls.filter(isAdd).slice(received.length);
    for (const { body, receivedAt: at } of calls) {
      const { appId, option, v3 } = JSON.parse(body.toString()) as ReturnType<typeof addBody>;
      const addsPerDay = model.clocks.addsPerDay(appId, at);
      received.push({ appId, option: Number(option), v3, at, addsPerDay });
    }
    return calls.length;
  }

  const questionsReceived = (appId: string) =>
    simulator.calls.filter((one) => one.operation === 'login/checkOnline' && one.appId === appId)
      .length;

  /** Sends a request while the upstream has this behaviour; afterwards it behaves normally again. */
  async function send<T>(appId: string, upstream: Upstream, sending: () => Promise<T>): Promise<T> {
    simulator.behave(appId, OUTCOMES[upstream].behaviour);
    if (upstream === 'rejecting-the-token') simulator.setToken('tok-another-8c2e');
    if (upstream === 'not-listening') await simulator.stop();
    const answer = await sending();
    // A checkOnline beside the attempt must meet the same behaviour.
    await until(() => questionsReceived(appId) >= model.clocks.questions(appId));
    if (upstream === 'not-listening') await simulator.start(port);
    simulator.setToken(TOKEN);
    simulator.behave(appId, []);
    return answer;
  }

  async function ask(asked: Ask, upstream: Upstream): Promise<Seen | undefined> {
    lastAsk = asked;
    const clockState = model.clocks.stateFor(asked);
    // It could not be observed when the checkOnline has failed.
    if (upstream === 'not-listening' && clockState === 'asked-beside') return undefined;
    const expected = model.ask(asked, upstream);
    const answer = await send(asked.appId, upstream, () => post(gateway.url, asked));
    const seen = seenOf(answer, look());
    expect(seen).toEqual(expected);
    await expectAccount(asked.appId);
    return seen;
  }

  async function askAtOnce(command: Extract<Command, { do: 'ask-at-once' }>): Promise<void> {
    const { how, callers, upstream } = command;
    const { appId } = command.ask;
    const key = how === 'under-one-key' ? (command.ask.key ?? 'k3') : undefined;
    const asks = Array.from({ length: callers }, (): Ask => {
      const person = how === 'for-others' ? `newcomer_${newcomers++}` : command.ask.person;
      return { ...command.ask, person, key };
    });
    const [first = { ...command.ask, key }] = asks;
    const clockState = model.clocks.stateFor(first);
    // It would be random which of them come before the account's time online starts.
    if (clockState === 'unknown' || clockState === 'asked-beside') return;
    if (upstream === 'not-listening') {
      if (clockState !== 'runs') return;
      await send(appId, upstream, () => sendAll(asks));
      expect(look()).toBe(0);
      return;
    }

    const expected = asks.map((one) => model.ask(one, 'fine'));
    const answers = await send(appId, 'fine', () => sendAll(asks));
    const seen = answers.map((answer) => seenOf(answer));
    expect(look()).toBe(expected.filter(({ forwarded }) => forwarded === 1).length);
    if (key === undefined) {
      expect(sorted(seen)).toEqual(sorted(expected));
      return;
    }
    const others = seen.filter(({ code }) => code !== 'idempotency-in-progress');
    expect(others).toContainEqual(expected[0]);
    for (const one of others) expect(expected).toContainEqual(one);
  }

  /** Checks the retryAt of a refusal: refused before it, allowed from then on. */
  async function comeBack(asked: Ask): Promise<void> {
    const refused = await ask(asked, 'fine');
    if (refused?.retryAt === undefined || refused.onlineSince === null) return;
    const { retryAt } = refused;
    const waitMs = Date.parse(retryAt) - clock.now();
    expect(waitMs).toBeGreaterThan(0);
    clock.advance(waitMs - 1);
    expect(await ask(asked, 'fine')).toMatchObject({ status: 429, retryAt, forwarded: 0 });
    clock.advance(1);
    expect(await ask(asked, 'fine')).toMatchObject({ status: 200, forwarded: 1 });
  }

  async function restart(isAbrupt: boolean, underWay: Ask | undefined): Promise<void> {
    const before = gateway;
    const finishSending = underWay && (await beginSending(underWay));
    if (isAbrupt) await takeOver();
    else await before.stop();
    gateway = await start();
    if (isAbrupt) await before.stop();
    model.clocks.restart();
    await finishSending?.();
    for (const appId of ACCOUNTS) await expectAccount(appId);
  }

  /** The store that a kill -9 would leave now. The previous gateway keeps its own file open and stays alive. */
  async function takeOver(): Promise<void> {
    const from = currentUrl.replace('sqlite:', '');
    const to = `${storeUrl.replace('sqlite:', '')}-${(copies += 1)}`;
    await copyFile(from, to);
    await copyFile(`${from}-wal`, `${to}-wal`);
    currentUrl = `sqlite:${to}`;
  }

  /** An attempt that hangs at the upstream. Returns a function that awaits its end. */
  async function beginSending(asked: Ask): Promise<() => Promise<void>> {
    lastAsk = asked;
    const { appId } = asked;
    const expected = model.ask(asked, 'hanging');
    simulator.behave(appId, OUTCOMES.hanging.behaviour);
    const answering = post(gateway.url, asked);
    if (expected.forwarded === 0) await answering;
    await until(() => questionsReceived(appId) >= model.clocks.questions(appId));
    await until(() => simulator.calls.filter(isAdd).length >= received.length + expected.forwarded);
    const forwarded = look();
    await expectAccount(appId);
    return async () => {
      expect(seenOf(await answering, forwarded)).toEqual(expected);
      simulator.behave(appId, []);
    };
  }

  async function expectAccount(appId: string): Promise<void> {
    const expected = model.account(appId);
    const isAsExpected = async () =>
      isDeepStrictEqual(await readAccount(gateway.opsUrl, appId), expected);
    // The answer to a checkOnline beside the attempt may not be stored yet.
    if (!(await isAsExpected())) await until(isAsExpected).catch(() => undefined);
    expect(await readAccount(gateway.opsUrl, appId)).toEqual(expected);
    expect(questionsReceived(appId)).toBe(model.clocks.questions(appId));
  }

  return {
    received,
    async carryOut(command) {
      switch (command.do) {
        case 'ask':
          await ask(command.ask, command.upstream);
          return;
        case 'ask-again':
          if (lastAsk !== undefined) await ask(lastAsk, 'fine');
          return;
        case 'ask-at-once':
          await askAtOnce(command);
          return expectAccount(command.ask.appId);
        case 'come-back':
          return comeBack(command.ask);
        case 'wait':
          return clock.advance(command.ms);
        case 'wait-for-edge': {
          const ahead = model.edges(command.appId).filter((at) => at > clock.now());
          const edge = ahead[command.nth % ahead.length];
          if (edge !== undefined) clock.advance(edge + command.besideMs - clock.now());
          return;
        }
        case 'set-clock-back':
          return clock.advance(Math.max(-command.ms, model.lastExpiryAt() - clock.now()));
        case 'declare': {
          const { appId, ageMs } = command;
          const onlineSince = clock.now() - ageMs;
          model.clocks.declare(appId, onlineSince);
          await callAdmin(gateway.opsUrl, 'PUT', appId, {
            onlineSince: new Date(onlineSince).toISOString(),
          });
          return expectAccount(appId);
        }
        case 'removeDeclaration': {
          const { status } = await callAdmin(gateway.opsUrl, 'DELETE', command.appId);
          expect(status).toBe(model.clocks.removeDeclaration(command.appId) ? 204 : 404);
          return expectAccount(command.appId);
        }
        case 'restart':
          // Data that is only in memory does not survive a gateway.
          return storeUrl === 'memory:' ? undefined : restart(command.isAbrupt, command.underWay);
        default:
          return command satisfies never;
      }
    },
    async stop() {
      await gateway.stop();
      await simulator.stop();
    },
  };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const givesUpAt = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > givesUpAt) throw new Error('What was waited for did not come');
    await setImmediate();
  }
}
