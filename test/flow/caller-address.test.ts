/** Callers without a key are distinguished by address. Behind a proxy, the address is the one that the proxy reports. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { httpCall } from '../support/http-client.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

/** Whether calls that claim to come from these addresses share one rate limit, of two a minute. */
async function shareOneRate(url: string, forwardedFor: readonly string[]): Promise<boolean> {
  const statuses = [];
  for (const header of forwardedFor) {
    const answer = await httpCall(url, {
      path: '/contacts/search',
      headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': header },
      body: '{"appId":"wx_any"}',
    });
    statuses.push(answer.status);
  }
  expect(statuses.slice(0, 2)).toEqual([200, 200]);
  return statuses.slice(2).every((status) => status === 429);
}

/** A gateway that trusts these proxies, and allows each address two calls a minute. */
function gatewayBehind(trusted: string | undefined): Promise<TestGateway> {
  return startGateway({
    env: { GATEWAY_AUTH: 'none', GATEWAY_KEYS: undefined, TRUST_PROXY: trusted },
    policy: 'clientRate: { requestsPerMinute: 2 }',
  });
}

describe.each(['1', 'loopback'])('with TRUST_PROXY=%s, callers without a key', (trusted) => {
  let gateway: TestGateway;
  beforeAll(async () => (gateway = await gatewayBehind(trusted)));
  afterAll(() => gateway.stop());

  test.each([
    ['an IPv4 address', ['203.0.113.9:40001', '203.0.113.9:40002', '203.0.113.9']],
    ['a bracketed IPv6 address', ['[2001:db8::1]:1', '[2001:db8::1]:65535', '[2001:db8::1]']],
    [
      'an IPv6 address',
      ['2001:db8:0:200::1', '[2001:db8:0:2ff:0:0:0:2]:443', '2001:DB8:0:0200::3'],
    ],
    [
      'an IPv6 address of eight groups',
      ['2001:db8:1:0:0:0:0:1:40001', '2001:db8:1::1', '[2001:db8:1::1]:7'],
    ],
    [
      'an IPv4 address written as IPv6',
      ['[::ffff:203.0.113.10]:1', '203.0.113.10:2', '::ffff:203.0.113.10'],
    ],
    [
      'an address after addresses that the caller made up',
      ['198.51.100.1, 203.0.113.11:1', '198.51.100.2,203.0.113.11:2', 'x, 203.0.113.11:3'],
    ],
  ])('at %s share one rate limit, whatever the port', async (_what, forwardedFor) => {
    expect(await shareOneRate(gateway.url, forwardedFor)).toBe(true);
  });

  test('at different addresses have separate rate limits', async () => {
    const addresses = ['192.0.2.1:5', '192.0.2.2:5', '[2001:db8:5::1]:5', '[2001:db8:6::1]:5'];
    expect(await shareOneRate(gateway.url, addresses)).toBe(false);
  });

  test('share the rate limit of the proxy if it sends an invalid address', async () => {
    const garbage = [
      'unknown',
      '_hidden',
      'made-up-1',
      '1.2.3.4.5',
      '[::g]:1',
      '999.1.1.1:80',
      ',',
      '',
    ];
    expect(await shareOneRate(gateway.url, garbage)).toBe(true);
  });
});

test.each([
  ['their addresses', 'loopback, 10.0.0.0/8, fd00::/8'],
  ['their number', '3'],
])('several proxies that write ports can be trusted by %s', async (_what, trusted) => {
  const gateway = await gatewayBehind(trusted);
  try {
    const via = (caller: string) =>
      [1, 2, 3].map((port) => `${caller}:${port}, 10.0.0.1:${port}, [fd00::1]:${port}`);

    expect(await shareOneRate(gateway.url, via('203.0.113.1'))).toBe(true);
    expect(await shareOneRate(gateway.url, via('[2001:db8::1]'))).toBe(true);
    expect(
      await shareOneRate(
        gateway.url,
        ['a', 'b', 'c'].map((caller) => `${caller}, 10.0.0.2:1, [fd00::1]:2`),
      ),
    ).toBe(true);
  } finally {
    await gateway.stop();
  }
});

test('if proxies are counted, a hop without an address does not merge the callers behind it', async () => {
  const gateway = await gatewayBehind('3');
  try {
    const via = (caller: string) => `${caller}, 10.0.0.1, unix:`;
    const callers = ['203.0.113.1', '203.0.113.2', '203.0.113.3'];

    expect(await shareOneRate(gateway.url, callers.map(via))).toBe(false);
    expect(await shareOneRate(gateway.url, Array(3).fill(via('203.0.113.4')))).toBe(true);
  } finally {
    await gateway.stop();
  }
});

test('without TRUST_PROXY, X-Forwarded-For is ignored', async () => {
  const gateway = await gatewayBehind(undefined);
  try {
    expect(
      await shareOneRate(gateway.url, ['203.0.113.1', '203.0.113.2:1', '[2001:db8::1]:1']),
    ).toBe(true);
  } finally {
    await gateway.stop();
  }
});
