import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createSimulator } from '../../../src/simulator/simulator.ts';
import { ask, call } from './calling.ts';

const OFFLINE = { ret: 500, msg: '微信已离线' };
const MISSING = { ret: 500, msg: '设备不存在' };
const OK = { ret: 200 };

const simulator = createSimulator();
let baseUrl: string;

beforeAll(async () => {
  ({ baseUrl } = await simulator.start());
});
beforeEach(() => simulator.reset());
afterAll(() => simulator.stop());

describe('the behaviour that applies to a call', () => {
  test('for one account does not affect the others', async () => {
    simulator.behave('wx_1', { accountOffline: true });
    expect(await ask(baseUrl, 'contacts/search', { appId: 'wx_1' })).toMatchObject(OFFLINE);
    expect(await ask(baseUrl, 'contacts/search', { appId: 'wx_2' })).toMatchObject(OK);
  });

  test('for every account applies to accounts without their own', async () => {
    simulator.behave('*', { accountOffline: true });
    simulator.behave('wx_1', { deviceMissing: true });
    expect(await ask(baseUrl, 'contacts/search', { appId: 'wx_1' })).toMatchObject(MISSING);
    expect(await ask(baseUrl, 'contacts/search', { appId: 'wx_2' })).toMatchObject(OFFLINE);
  });

  test('for every account applies to a call without an account', async () => {
    simulator.behave('*', { status: 503 });
    expect((await call(baseUrl, 'contacts/search', {})).status).toBe(503);
  });

  test.each(['checkOnline', 'login/checkOnline'])(
    'for %s does not affect other operations',
    async (name) => {
      simulator.behave('wx_1', { operations: [name], deviceMissing: true });
      expect(await ask(baseUrl, 'login/checkOnline')).toMatchObject(MISSING);
      expect(await ask(baseUrl, 'contacts/search')).toMatchObject(OK);
    },
  );

  test('for two times ends after two matching calls', async () => {
    simulator.behave('wx_1', { operations: ['search'], times: 2, accountOffline: true });
    expect(await ask(baseUrl, 'contacts/search')).toMatchObject(OFFLINE);
    expect(await ask(baseUrl, 'contacts/deleteFriend')).toMatchObject(OK);
    expect(await ask(baseUrl, 'contacts/search')).toMatchObject(OFFLINE);
    expect(await ask(baseUrl, 'contacts/search')).toMatchObject(OK);
  });

  test('is the first that matches, and the next after that is used up', async () => {
    simulator.behave('wx_1', [
      { times: 1 },
      { times: 1, accountOffline: true },
      { deviceMissing: true },
    ]);
    expect(await ask(baseUrl, 'contacts/search')).toMatchObject(OK);
    expect(await ask(baseUrl, 'contacts/search')).toMatchObject(OFFLINE);
    expect(await ask(baseUrl, 'contacts/search')).toMatchObject(MISSING);
  });

  test('replaces the old ones, and is removed by an empty list', async () => {
    simulator.behave('wx_1', { accountOffline: true });
    simulator.behave('wx_1', { deviceMissing: true });
    expect(await ask(baseUrl, 'contacts/search')).toMatchObject(MISSING);
    simulator.behave('wx_1', []);
    expect(await ask(baseUrl, 'contacts/search')).toMatchObject(OK);
  });

  test('stays if a new one is refused', async () => {
    simulator.behave('wx_1', { accountOffline: true });
    expect(() => simulator.behave('wx_1', { status: 1 })).toThrow('status');
    expect(await ask(baseUrl, 'contacts/search')).toMatchObject(OFFLINE);
  });

  test('does not hide a wrong token', async () => {
    simulator.behave('wx_1', { accountOffline: true });
    const headers = { 'X-GEWE-TOKEN': 'wrong-one' };
    const { msg } = await ask(baseUrl, 'contacts/search', { appId: 'wx_1' }, { headers });
    expect(msg).toContain('不可用或已过期');
  });
});
