/** Runs the commands of a recipe, under steady calls through a TCP balancer. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { addBody, sentAdds } from '../support/add-contacts.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { eventually } from '../support/eventually.ts';
import { GOOD_HEADERS, httpCall, type HttpAnswer } from '../support/http-client.ts';
import { askList, listCalls } from '../support/lists.ts';
import { runRecipe, type RecipeRun } from './recipes/recipe-run.ts';
import { KEY, TOKEN } from '../support/start-gateway.ts';
import { startCallers, type Asker } from './recipes/steady-callers.ts';

/** What every account has left at the beginning. */
const LEFT = 30;
/** Attempts for each account; the last ones are refused. */
const ATTEMPTS = LEFT + 3;

const POLICY = `
addContacts:
  accountAge: { unknown: trust }
  add: { perDay: [{ fromDay: 0, limit: ${LEFT} }], perTwoHours: 1000, minimumGapSeconds: 0 }
clientRate: { requestsPerMinute: 1000000 }
`;

let simulator: Simulator;
let recipe: RecipeRun | undefined;
beforeEach(() => {
  simulator = createSimulator({ token: TOKEN });
});
afterEach(async () => {
  await recipe?.stop();
  await simulator.stop();
});

type Kind = Pick<Asker, 'next' | 'isGood'>;

function ask(operation: string, appId: string) {
  return () => ({ operation, body: { appId } });
}

/** Attempts, each for another person. */
function attempts(accountOf: (attempt: number) => string) {
  let made = 0;
  const next = () => {
    const appId = accountOf(made);
    return { operation: 'addContacts', body: addBody(appId, `v3_${made++}`) };
  };
  return { next, made: () => made };
}

const is200 = ({ status }: HttpAnswer) => status === 200;
const isWithinQuota = (answer: HttpAnswer) =>
  is200(answer) || (answer.status === 429 && answer.json()['code'] === 'add-quota-exhausted');

/** A list with 200, from one of these. */
const listFrom = (sources: readonly string[]) => (answer: HttpAnswer) =>
  is200(answer) && sources.includes(String(answer.headers['x-gateway-source']));

const LISTS = {
  // Saved, too, if the live list takes more than a second on a busy machine.
  'a list': { next: ask('fetchContactsList', 'wx_live'), isGood: listFrom(['live', 'saved']) },
  'a slow list': {
    next: ask('fetchContactsList', 'wx_slow'),
    isGood: listFrom(['saved', 'gewe-cache', 'live']),
  },
  'a list that does not come': {
    next: ask('fetchContactsList', 'wx_hung'),
    isGood: listFrom(['saved', 'gewe-cache']),
  },
};
const CALLS = {
  'a call': { next: ask('search', 'wx_a'), isGood: is200 },
  'a call that takes a while': { next: ask('getDetailInfo', 'wx_late'), isGood: is200 },
};

/** For each kind, one caller on a kept connection, one with a new connection per request, and one that is often idle. */
function askersOf(kinds: Readonly<Record<string, Kind>>): Asker[] {
  const ways = [
    { how: 'kept', keepsConnection: true, everyMs: 60 },
    { how: 'fresh', keepsConnection: false, everyMs: 100 },
    { how: 'kept, now and then', keepsConnection: true, everyMs: 350 },
  ];
  return Object.entries(kinds).flatMap(([what, kind]) =>
    ways.map(({ how, ...way }) => ({ name: `${what} (${how})`, ...way, ...kind })),
  );
}

describeOnRedis('three gateways set up by the recipe', () => {
  test('lose no request and keep every quota while they are restarted one after the other by the recipe, behind a TCP balancer', async () => {
    const { baseUrl } = await simulator.start();
    const settings = {
      GEWE_BASE_URL: baseUrl,
      GEWE_TOKEN: TOKEN,
      GATEWAY_KEYS: `test:${KEY}`,
      LIST_DEADLINE_MS: '1000',
      SHUTDOWN_GRACE_MS: '5000',
    };
    recipe = await runRecipe(settings, POLICY);
    const { url, answered } = recipe;
    const allServe = (life: number) => async () =>
      (await answered()).every((lives) => (lives[life] ?? 0) >= 20);
    for (const appId of ['wx_slow', 'wx_hung']) await askList({ url }, appId);
    simulator.behave('wx_slow', { operations: ['fetchContactsList'], delayMs: 2500 });
    simulator.behave('wx_hung', { operations: ['fetchContactsList'], hang: true });
    simulator.behave('wx_late', { delayMs: 400 });

    const adds = attempts((attempt) => `wx_add_${Math.floor(attempt / ATTEMPTS)}`);
    const overAll = attempts(() => 'wx_over_all');
    const kinds = { ...LISTS, ...CALLS, 'an attempt': { ...adds, isGood: isWithinQuota } };
    const callers = startCallers(url, [
      ...askersOf(kinds),
      {
        ...{ name: 'an attempt (rarely)', keepsConnection: false, everyMs: 1200 },
        ...{ next: overAll.next, isGood: isWithinQuota },
      },
    ]);
    expect(await eventually(allServe(0))).toBe(true);
    const { printed, told, codes } = await recipe.restart();
    expect(await eventually(allServe(1))).toBe(true);
    await callers.stop();

    expect(callers.bad).toEqual([]);
    for (const [name, count] of callers.good) expect([name, count >= 5]).toEqual([name, true]);
    expect(listCalls({ simulator }, 'wx_live')).toBeGreaterThan(20);
    expect([printed, codes]).toEqual(['', ['0', '0', '0']]);
    const toldOf = (gateway: number) =>
      ['drain', 'ready'].map((word) => `${word} of gateway ${gateway}`);
    expect(told).toEqual([1, 2, 3].flatMap(toldOf));
    expect((await answered()).map((lives) => lives.length)).toEqual([2, 2, 2]);

    // The remaining attempts, so that the quota of every account is exhausted.
    const attempt = ({ operation, body }: ReturnType<typeof adds.next>) => {
      const call = { path: `/contacts/${operation}`, headers: GOOD_HEADERS };
      return httpCall(url, { ...call, body: JSON.stringify(body) });
    };
    while (adds.made() % ATTEMPTS > 0) await attempt(adds.next());
    while (is200(await attempt(overAll.next())));
    const sent = Map.groupBy(sentAdds(simulator), ({ appId }) => appId);
    expect(sent.size).toBeGreaterThan(3);
    for (const [appId, calls] of sent) expect([appId, calls.length]).toEqual([appId, LEFT]);
  }, 600_000);
});
