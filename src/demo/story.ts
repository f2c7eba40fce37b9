import type { Clock } from '../time.ts';
import { DEMO_DEADLINE_MS, type Seen, type Stage, type Visitor } from './stage.ts';

/** One thing that the gateway does. `show` does it and resolves to a line about the result; rejects if it failed. */
export interface Step {
  readonly title: string;
  show(): Promise<string>;
}

const LIST_ACCOUNT = 'wx_demo_sales';
const OLD_ACCOUNT = 'wx_demo_old';
const SLOW_MS = 2 * DEMO_DEADLINE_MS;
const LATE_FRIENDS = 5000;
const DAY_MS = 86_400_000;

/** How long the saved list may take to change after the late response was sent, milliseconds. */
const PATIENCE_MS = 5000;

export function storySteps(stage: Stage, visitor: Visitor, clock: Clock): Step[] {
  const { simulator } = stage;
  const fetchList = (headers: Record<string, string> = {}) =>
    visitor.post('fetchContactsList', { appId: LIST_ACCOUNT }, headers);
  const add = (appId: string, v3: string) =>
    visitor.post('addContacts', { appId, scene: 3, option: 2, v3, v4: 'v4', content: 'hello' });

  return [
    {
      title: 'A list is fetched live, and saved',
      async show() {
        const seen = await fetchList();
        expect(seen, 200, 'fwd=miss; stored');
        return `${friends(seen)} friends after ${seen.tookMs} ms · ${cacheStatus(seen)}`;
      },
    },
    {
      title: `The upstream turns slow (${SLOW_MS} ms): at the deadline of ${DEMO_DEADLINE_MS} ms the saved list answers`,
      async show() {
        simulator.behave(LIST_ACCOUNT, {
          operations: ['fetchContactsList'],
          delayMs: SLOW_MS,
          friends: LATE_FRIENDS,
        });
        const seen = await fetchList();
        expect(seen, 200, 'fwd=stale; detail=upstream-timeout');
        const age = seen.headers.get('age');
        return `${friends(seen)} friends after ${seen.tookMs} ms · ${cacheStatus(seen)} · Age: ${age} s`;
      },
    },
    {
      title: 'The slow call continues without a caller: its late answer is saved',
      async show() {
        const slow = await simulator.waitForCall(
          ({ appId, operation }) =>
            appId === LIST_ACCOUNT && operation === 'contacts/fetchContactsList',
          2,
        );
        const ended = await slow.ended;
        if (ended !== 'answered') throw new Error('The slow call was cut off.');
        const seen = await until(
          clock,
          () => fetchList({ 'cache-control': 'only-if-cached' }),
          (one) => friends(one) === LATE_FRIENDS,
        );
        return `the saved list has ${friends(seen)} friends now, served in ${seen.tookMs} ms · ${cacheStatus(seen)}`;
      },
    },
    {
      title: 'A young account tries to add a friend: refused, with the date from which it may',
      async show() {
        const seen = await add('wx_demo_young', 'v3_somebody');
        expect(seen, 429);
        if (seen.body.code !== 'account-too-young' || seen.body.retryAt === undefined) {
          throw new Error(`The refusal was ${JSON.stringify(seen.body)}.`);
        }
        return `${seen.body.code} · retryAt ${seen.body.retryAt} · nothing was sent to the upstream`;
      },
    },
    {
      title:
        'An account that an operator declared old: accepted until its quota is used up. (The demo sets the gap of 60 s between adds to 0.)',
      async show() {
        const declared = await visitor.declare(OLD_ACCOUNT, new Date(clock.now() - 30 * DAY_MS));
        expect(declared, 200);
        let accepted = 0;
        let seen = await add(OLD_ACCOUNT, `v3_${accepted}`);
        while (seen.status === 200 && accepted < 100) {
          accepted += 1;
          seen = await add(OLD_ACCOUNT, `v3_${accepted}`);
        }
        expect(seen, 429);
        const sent = simulator.calls.filter(
          ({ appId, operation }) => appId === OLD_ACCOUNT && operation === 'contacts/addContacts',
        ).length;
        if (accepted === 0 || sent !== accepted || seen.body.code !== 'add-quota-exhausted') {
          throw new Error(`${accepted} accepted, ${sent} sent, then ${JSON.stringify(seen.body)}.`);
        }
        return `${accepted} accepted and sent, then ${seen.body.code} · retryAt ${seen.body.retryAt}`;
      },
    },
  ];
}

function friends(seen: Seen): number {
  return seen.body.data?.friends?.length ?? 0;
}

function cacheStatus(seen: Seen): string {
  return `Cache-Status: ${seen.headers.get('cache-status')}`;
}

function expect(seen: Seen, status: number, cacheStatusHas = ''): void {
  if (seen.status !== status || !cacheStatus(seen).includes(cacheStatusHas)) {
    throw new Error(
      `Expected ${status} ${cacheStatusHas}, got ${seen.status} ${cacheStatus(seen)} ${JSON.stringify(seen.body).slice(0, 300)}`,
    );
  }
}

async function until(
  clock: Clock,
  ask: () => Promise<Seen>,
  isRight: (seen: Seen) => boolean,
): Promise<Seen> {
  const giveUpAt = clock.monotonic() + PATIENCE_MS;
  for (;;) {
    const seen = await ask();
    if (isRight(seen)) return seen;
    if (clock.monotonic() > giveUpAt) throw new Error('The late answer was not saved.');
  }
}
