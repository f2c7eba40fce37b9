/**
 * An upstream whose addresses drop or refuse connections: a working address is used, and if there is none, nothing was
 * carried out.
 */
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Connecting } from '../../src/gewe/client.ts';
import { addBody, TRUSTING } from '../support/add-contacts.ts';
import { startDroppingServer, type DroppingServer } from './upstream/dropping-server.ts';
import { askList } from '../support/lists.ts';
import { GOOD_LIST, startRawUpstream, type RawUpstream } from '../support/raw-upstream.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const DROPPING = '127.0.0.2';
/** Nothing listens on this address, whatever the port: other tests use 127.0.0.1. */
const [REFUSING, REFUSING_TOO] = ['127.0.0.3', '127.0.0.4'];
const GOOD = '127.0.0.1';

let dropping: DroppingServer;
let good: RawUpstream | undefined;
let gateway: TestGateway;
afterEach(async () => {
  await gateway.stop();
  await dropping.stop();
  await good?.stop();
  good = undefined;
});

interface Upstream {
  /** The addresses of its host name, in this order. */
  readonly addresses: readonly string[];
  readonly timeoutMs?: string;
  readonly connecting?: Connecting;
  /** Called when the first address is about to be tried. */
  onLookup?(): void;
}

async function start({ addresses, timeoutMs = '30000', connecting, onLookup }: Upstream) {
  if (addresses.includes(GOOD)) good = await startRawUpstream();
  const port = Number(new URL(good?.baseUrl ?? 'http://none:0').port);
  dropping = await startDroppingServer({ host: DROPPING, port, answer: GOOD_LIST });
  gateway = await startGateway({
    policy: TRUSTING,
    env: {
      GEWE_BASE_URL: `http://gewe.test:${dropping.port}/v2/api`,
      GEWE_TIMEOUT_MS: timeoutMs,
      LIST_DEADLINE_MS: '30000',
    },
    overrides: {
      connecting: {
        ...connecting,
        lookup(_host, _options, callback) {
          callback(
            null,
            addresses.map((address) => ({ address, family: 4 })),
          );
          onLookup?.();
        },
      },
    },
  });
}

describe.each<[string, Upstream]>([
  // After the last address, only the deadline remains.
  ['drops everything', { addresses: [DROPPING], timeoutMs: '300' }],
  ['refuses, and then drops everything', { addresses: [REFUSING, DROPPING], timeoutMs: '300' }],
  ['drops everything, and then refuses', { addresses: [DROPPING, REFUSING] }],
  ['refuses twice', { addresses: [REFUSING, REFUSING_TOO] }],
])('an upstream that %s', (_what, upstream) => {
  test('causes no charge for addContacts', async () => {
    await start(upstream);

    for (let attempt = 0; attempt < 2; attempt++) {
      const answer = await gateway.post('addContacts', addBody('wx_a')).expect(502);

      expect(answer.body.code).toBe('upstream-unreachable');
      expect(answer.body.detail).toContain('was not carried out');
      expect(answer.headers['ratelimit']).toContain('"add-gap";r=1');
      expect(answer.headers['ratelimit']).toContain('"add-per-day";r=15;');
    }
  });

  test('makes the refusal of a read say that it was not carried out', async () => {
    await start(upstream);

    const answer = await gateway.post('search', { appId: 'wx_a' }).expect(502);

    expect(answer.body.code).toBe('upstream-unreachable');
    expect(answer.body.detail).toContain('was not carried out');
  });
});

describe('an upstream whose first address drops everything', () => {
  test('is reached at its second address', async () => {
    await start({ addresses: [DROPPING, GOOD] });

    await gateway.post('search', { appId: 'wx_a' }).expect(200);
    const add = await gateway.post('addContacts', addBody('wx_a')).expect(200);
    const list = await askList(gateway, 'wx_a');

    expect(add.headers['ratelimit']).toContain('"add-per-day";r=14;');
    expect(list.headers['x-gateway-source']).toBe('live');
  });
});

describe('an upstream whose first address takes a second to connect, and whose second one refuses', () => {
  /** The first packet is dropped; its retransmission finds the server awake. The time until then is not the subject. */
  const slow: Upstream = {
    addresses: [DROPPING, REFUSING],
    connecting: { addressTimeoutMs: 30_000 },
    onLookup: () =>
      void setImmediate()
        .then(setImmediate)
        .then(() => dropping.wake()),
  };

  test.each(['search', 'addContacts'])('is reached by %s', async (operation) => {
    await start(slow);

    const answer = await gateway.post(operation, addBody('wx_a')).expect(200);

    expect(answer.text).toBe(GOOD_LIST);
  });

  test('is reached by fetchContactsList', async () => {
    await start(slow);

    const list = await askList(gateway, 'wx_a');

    expect([list.status, list.headers['x-gateway-source']]).toEqual([200, 'live']);
  });
});
