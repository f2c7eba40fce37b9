/** A Redis that fails again and again under load: exactly the attempts that were sent are charged. */
import { afterEach, expect, test } from '@jest/globals';
import { ACCEPT, chargedOf, isAdd, sentAdds } from '../support/add-contacts.ts';
import { budget } from '../support/budget.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { eventually } from '../support/eventually.ts';
import { AWAY, BACK, gatewayOnRedis, type GatewayOnRedis } from '../support/gateways-on-redis.ts';
import { BLACK_HOLE, CUT, FROZEN, REPLICA, slowBy } from './redis/redis-outages.ts';
import { seededRandom } from '../support/seeded-random.ts';

const POLICY = `
addContacts:
  accountAge: { unknown: trust }
  accept: { perDay: 100000 }
clientRate: { requestsPerMinute: 1000000 }
`;
const CALLERS = 12;
/** So many faults that every stage of a request meets some. */
const STRIKES = budget(8, 24);
/** The maximum between the decision to log a line and its time. */
const LATER_MS = 1000;
const MUTE = {
  strike: ({ wire }: GatewayOnRedis) => wire.mute(),
  mend: ({ wire }: GatewayOnRedis) => wire.heal(),
};
const FAULTS = [CUT, FROZEN, BLACK_HOLE, slowBy(400), REPLICA, MUTE];

interface Asked {
  readonly key: string;
  readonly status: number;
  readonly code: unknown;
}

describeOnRedis('a Redis that fails again and again', () => {
  let rig: GatewayOnRedis;
  afterEach(() => rig.stop());

  test('charges exactly the attempts that were sent, and each Idempotency-Key is sent at most once', async () => {
    rig = await gatewayOnRedis({ policy: POLICY });
    await rig.untilReadiness(200);
    const { simulator } = rig.gateway;
    simulator.behave('wx_a', { delayMs: 20 });
    const asked: Asked[] = [];
    const v3Of = (key: string) => `v3 ${key}`;
    const ask = async (key: string) => {
      const answer = await rig.add('wx_a', v3Of(key), { option: ACCEPT, key });
      asked.push({ key, status: answer.status, code: answer.json()['code'] });
      return answer;
    };

    let isOver = false;
    const callers = Array.from({ length: CALLERS }, async (_, caller) => {
      for (let i = 0; !isOver; i += 1) await ask(`${caller} ${i}`);
    });
    const random = seededRandom();
    for (let i = 0; i < STRIKES; i += 1) {
      const fault = FAULTS[i % FAULTS.length] ?? CUT;
      const before = asked.length;
      await eventually(() => asked.length > before + random(40));
      await fault.strike(rig);
      const struck = asked.length;
      await eventually(() => asked.length > struck + 20 + random(40));
      await fault.mend(rig);
      // Some faults begin before Redis is completely back.
      if (random(10) < 7) await eventually(() => asked.at(-1)?.status === 200, 10_000);
    }
    isOver = true;
    await Promise.all(callers);
    await rig.untilReadiness(200);

    expect([...new Set(asked.map(({ status }) => status))].sort()).toEqual([200, 503]);
    const sent = sentAdds(simulator).map(({ body }) => String(body));
    expect(new Set(sent).size).toBe(sent.length);
    const answered = asked.filter(({ status }) => status === 200).length;
    expect(sent.length).toBe(answered);
    expect(answered).toBeGreaterThan(STRIKES);
    const isEven = async () =>
      (await chargedOf(rig.gateway, 'wx_a', 'accept-per-day')) === sent.length;
    if (!(await eventually(isEven))) {
      expect(await chargedOf(rig.gateway, 'wx_a', 'accept-per-day')).toBe(sent.length);
    }

    // A response that could not be saved at once is replayed, and a refused request is served.
    const keys = [...new Map(asked.map((one) => [one.key, one.status])).entries()];
    for (const [key, status] of keys.slice(-200)) {
      let answer = await ask(key);
      await eventually(async () => {
        // It is refused again if Redis seems away on a busy machine: nothing was sent then.
        if (answer.status !== 409 && answer.status !== 503) return true;
        answer = await ask(key);
        return false;
      });
      expect([key, answer.status]).toEqual([key, 200]);
      expect(answer.headers['idempotency-replayed']).toBe(status === 200 ? 'true' : undefined);
    }
    const perKey = simulator.calls.filter(isAdd).map(({ body }) => String(body));
    expect(new Set(perKey).size).toBe(perKey.length);

    // At most three outages are logged in any ten seconds, with their ends, however long the test takes.
    const toldAt = rig.logged(AWAY).map(({ time }) => Date.parse(String(time)));
    for (const [i, at] of toldAt.slice(3).entries()) {
      expect(at - (toldAt[i] ?? NaN)).toBeGreaterThan(10_000 - LATER_MS);
    }
    expect(rig.logged(BACK).length).toBeLessThanOrEqual(toldAt.length);
    expect(rig.gateway.log.filter(({ level }) => level === 'error')).toEqual(rig.logged(AWAY));
  }, 600_000);
});
