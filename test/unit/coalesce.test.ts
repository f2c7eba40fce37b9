import { describe, expect, test } from '@jest/globals';
import { overGateways, singleFlight } from '../../src/coalesce.ts';
import type { Lease, LeaseRequest } from '../../src/leases.ts';
import { movableClock } from '../support/movable-clock.ts';

describe('singleFlight', () => {
  test('a call joins a running call with the same key, and no other', async () => {
    const calls = singleFlight<string>();
    const gate = Promise.withResolvers<string>();
    let started = 0;
    const start = () => {
      started += 1;
      return gate.promise;
    };
    const joined = [calls.join('a', start), calls.join('a', start), calls.join('b', start)];
    expect([started, calls.size()]).toEqual([2, 2]);
    gate.resolve('done');
    expect(await Promise.all(joined)).toEqual(['done', 'done', 'done']);
    expect(calls.size()).toBe(0);
  });

  test('a finished or failed call is removed before its callers are notified', async () => {
    const calls = singleFlight<string>();
    for (const end of ['resolve', 'reject'] as const) {
      const gate = Promise.withResolvers<string>();
      const sizes: number[] = [];
      const note = () => void sizes.push(calls.size());
      const joined = [
        calls.join('a', () => gate.promise).then(note, note),
        calls.join('a', () => gate.promise).then(note, note),
      ];
      gate[end]('over');
      await Promise.all(joined);
      expect(sizes).toEqual([0, 0]);
    }
  });

  test('a call that throws at its start is removed', () => {
    const calls = singleFlight<string>();
    const fail = () => {
      throw new Error('no call');
    };
    expect(() => calls.join('a', fail)).toThrow('no call');
    expect(calls.get('a')).toBeUndefined();
  });

  test('a forgotten call continues, and its end does not remove the next one', async () => {
    const calls = singleFlight<string>();
    const [first, second] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
    const joined = calls.join('a', () => first.promise);
    calls.forget('a');
    void calls.join('a', () => second.promise);
    first.resolve('first');
    expect(await joined).toBe('first');
    expect(calls.get('a')).toBe(second.promise);
    second.resolve('second');
    await calls.idle();
    expect(calls.size()).toBe(0);
  });

  test('idle waits for calls that start meanwhile, and for calls that fail', async () => {
    const calls = singleFlight<string>();
    const second = Promise.withResolvers<string>();
    const first = calls.join('a', () => Promise.reject(new Error('failed')));
    first.catch(() => void calls.join('b', () => second.promise));
    let isIdle = false;
    const idle = calls.idle().then(() => (isIdle = true));
    await new Promise(setImmediate);
    expect(isIdle).toBe(false);
    second.resolve('done');
    await idle;
  });
});

describe('overGateways', () => {
  const clock = movableClock(5000);
  const ended = (result: string | undefined): Lease => ({
    kind: 'held',
    since: 0,
    announced: new Promise(() => undefined),
    result: Promise.resolve(result === undefined ? undefined : Buffer.from(result)),
  });
  const released: unknown[] = [];
  const acquired: Lease = {
    kind: 'acquired',
    announce: () => undefined,
    async release(result, reuseMs) {
      released.push(result?.toString(), reuseMs);
      throw new Error('the store is away');
    },
  };

  /** Makes a call with these leases, one for each attempt; without one, no lease can be had. */
  async function call(leases: Lease[], perform: () => Promise<string>) {
    released.length = 0;
    const requests: LeaseRequest[] = [];
    const acquire = (request: LeaseRequest): Promise<Lease> => {
      requests.push(request);
      const lease = leases.shift();
      if (lease === undefined) throw new Error('the store is away');
      return Promise.resolve(lease);
    };
    const result = await overGateways<string>({ acquire }, clock, {
      appId: 'wx_1',
      work: 'online',
      askedAt: () => 1000,
      perform,
      encode: (text) => Buffer.from(text),
      decode: (encoded) => (encoded.toString() === 'unreadable' ? undefined : encoded.toString()),
      reuseMs: 60,
    });
    return { result, askedAt: requests.map(({ askedAt }) => askedAt) };
  }

  test('makes the call with the lease, and releases it with the result', async () => {
    expect((await call([acquired], async () => 'own')).result).toBe('own');
    expect(released).toEqual(['own', 60]);
  });

  test('releases the lease without a result if the call fails', async () => {
    const failing = call([acquired], () => Promise.reject(new Error('failed')));
    await expect(failing).rejects.toThrow('failed');
    expect(released).toEqual([undefined, 60]);
  });

  test('returns the result of another gateway', async () => {
    expect(await call([ended('theirs')], async () => 'own')).toEqual({
      result: 'theirs',
      askedAt: [1000],
    });
  });

  test('takes over a lost call, and makes a call after an unreadable result', async () => {
    const leases = [ended(undefined), ended('unreadable'), acquired];
    expect(await call(leases, async () => 'own')).toEqual({
      result: 'own',
      askedAt: [1000, 1000, 5000],
    });
  });

  test('makes the call without leases', async () => {
    expect((await call([], async () => 'own')).result).toBe('own');
  });
});
