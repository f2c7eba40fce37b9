/** What sessions do while their store fails or is slow: an ended session must never come back. */
import { EventEmitter, once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { hashKey } from '../../src/settings/clients.ts';
import { openMemoryStores } from '../../src/stores/memory.ts';
import type { Stores } from '../../src/stores/stores.ts';
import { askAccount } from '../support/accounts.ts';
import { httpCall, type HttpAnswer } from '../support/http-client.ts';
import { movableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-crm';
const CLIENTS = `clients:
  crm: { keys: ["sha256:${hashKey(KEY)}"], sessions: { maxSeconds: 600 } }
`;

let gateway: TestGateway;
afterEach(() => gateway.stop());

const clock = movableClock();
let stores: Stores;

/** A gateway on a store whose `endedUntil` is made of the real one. */
async function start(endedUntil: (real: Stores['sessions']['endedUntil']) => typeof real) {
  stores = openMemoryStores(clock, 1_000_000);
  const sessions = { ...stores.sessions, endedUntil: endedUntil(stores.sessions.endedUntil) };
  gateway = await startGateway({
    clients: CLIENTS,
    overrides: { clock, stores: { ...stores, sessions } },
  });
}

const call = (method: string, path: string, key: string, body: object, url = gateway.url) => {
  const text = JSON.stringify(body);
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    Authorization: `Bearer ${key}`,
  };
  return httpCall(url, { method, path, headers, body: text });
};
const create = async (subject: string) =>
  (await call('POST', '/sessions', KEY, { subject })).json()['token'] as string;
const end = (body: object) => call('DELETE', '/sessions', KEY, body);
const search = (token: string) => call('POST', '/contacts/search', token, { appId: 'wx_1' });
const seen = (answer: HttpAnswer) => [answer.status, answer.json()['code'] ?? 'passed'];

test('a session of which a gateway does not know whether it was ended is not accepted while the store is away', async () => {
  let isAway = false;
  await start((real) => async (...args) => {
    if (isAway) throw new Error('the disk is gone');
    return real(...args);
  });
  const token = await create('alice');
  await end({ subject: 'alice' });
  isAway = true;
  expect(seen(await search(token))).toEqual([503, 'store-unavailable']);
  isAway = false;
  expect(seen(await search(token))).toEqual([401, 'unauthenticated']);
});

test('an ended session is refused although other sessions are ended while the store is asked', async () => {
  const held = new EventEmitter();
  let isHeld = false;
  await start((real) => async (...args) => {
    const found = await real(...args);
    if (isHeld) {
      isHeld = false;
      held.emit('asked');
      await once(held, 'go');
    }
    return found;
  });
  const token = await create('alice');
  await end({ subject: 'alice' });
  isHeld = true;
  const asked = once(held, 'asked');
  const answer = askAccount(gateway, 'wx_1', { headers: { Authorization: `Bearer ${token}` } });
  await asked;
  // It makes the gateway forget all that it knows of ends, the question under way included.
  await end({});
  held.emit('go');
  expect(seen(await answer)).toEqual([401, 'unauthenticated']);
});

test('a session is ended by another gateway although the clock was set back before it was made', async () => {
  await start((real) => real);
  const other = await startGateway({ clients: CLIENTS, overrides: { clock, stores } });
  try {
    await end({ subject: 'alice' });
    clock.set(clock.now() - 3_600_000);
    const token = await create('alice');
    expect(seen(await search(token))).toEqual([200, 'passed']);
    await call('DELETE', '/sessions', KEY, { subject: 'alice' }, other.url);
    clock.advance(1000);
    expect(seen(await search(token))).toEqual([401, 'unauthenticated']);
  } finally {
    await other.stop();
  }
});
