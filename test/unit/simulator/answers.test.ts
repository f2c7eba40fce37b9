import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSimulator } from '../../../src/simulator/simulator.ts';
import { ask, call, TOKEN } from './calling.ts';

const simulator = createSimulator();
let baseUrl: string;

beforeAll(async () => {
  ({ baseUrl } = await simulator.start());
});
afterAll(() => simulator.stop());

async function fixture(name: string) {
  return JSON.parse(await readFile(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8'));
}

function wxids(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `wxid_${index}`);
}

describe('the default responses', () => {
  test("fetchContactsList returns GEWE's sample with ids in its order", async () => {
    const answer = await call(baseUrl, 'contacts/fetchContactsList');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    const sample = await fixture('fetch-contacts-list.answer.json');
    expect(answer.text).toBe(JSON.stringify(sample));
  });

  test("addContacts with GEWE's sample request returns its sample", async () => {
    const request = await fixture('add-contacts.request.json');
    const sample = await fixture('add-contacts.answer.json');
    expect(await ask(baseUrl, 'contacts/addContacts', request)).toEqual(sample);
  });

  test('checkOnline returns true', async () => {
    expect(await ask(baseUrl, 'login/checkOnline')).toEqual({
      ret: 200,
      msg: '操作成功',
      data: true,
    });
  });

  test('checkOnline gives the same response under the base path of the paid service', async () => {
    const paid = baseUrl.replace('/v2/api', '/gewe/v2/api');
    expect(await ask(paid, 'login/checkOnline')).toEqual({
      ret: 200,
      msg: '操作成功',
      data: true,
    });
  });

  test.each(['deleteFriend', 'setFriendPermissions', 'setFriendRemark', 'uploadPhoneAddressList'])(
    '%s, which GEWE answers without data, succeeds without data',
    async (operation) => {
      expect(await ask(baseUrl, `contacts/${operation}`)).toEqual({ ret: 200, msg: '操作成功' });
    },
  );

  test.each(['getBriefInfo', 'getDetailInfo'])(
    '%s for two people returns two in that order',
    async (operation) => {
      const body = { appId: 'wx_1', wxids: ['wxid_b', 'wxid_a'] };
      const { data } = await ask(baseUrl, `contacts/${operation}`, body);
      expect(data.map((one: { userName: string }) => one.userName)).toEqual(['wxid_b', 'wxid_a']);
    },
  );

  test('checkRelation for one person returns the relation of that one', async () => {
    const body = { appId: 'wx_1', wxids: ['wxid_a'] };
    const { data } = await ask(baseUrl, 'contacts/checkRelation', body);
    expect(data).toEqual([{ wxid: 'wxid_a', relation: 0 }]);
  });

  test('search returns the same v3 and v4 for the same search', async () => {
    const body = { appId: 'wx_1', contactsInfo: '13800000001' };
    const { data } = await ask(baseUrl, 'contacts/search', body);
    expect(data.v3).toMatch(/^v3_\w+@stranger$/);
    expect(data.v4).toMatch(/^v4_\w+@stranger$/);
    expect((await ask(baseUrl, 'contacts/search', body)).data).toEqual(data);
  });

  test('getPhoneAddressList returns one entry for each phone, and a sample without phones', async () => {
    const body = { appId: 'wx_1', phones: ['1', '2', '3'] };
    expect((await ask(baseUrl, 'contacts/getPhoneAddressList', body)).data).toHaveLength(3);
    expect((await ask(baseUrl, 'contacts/getPhoneAddressList')).data).toHaveLength(2);
  });
});

describe('the failures of GEWE', () => {
  async function failure(operation: string, body: object, init?: RequestInit) {
    const answer = await call(baseUrl, operation, body, init);
    expect(answer.status).toBe(200);
    return JSON.parse(answer.text) as unknown;
  }

  test("a call without a token gets ret 500 and GEWE's words", async () => {
    expect(await failure('contacts/search', { appId: 'wx_1' }, { headers: {} })).toEqual({
      ret: 500,
      msg: 'header:X-GEWE-TOKEN 不可为空',
    });
  });

  test('a call with a wrong token gets ret 500 and that token', async () => {
    const headers = { 'X-GEWE-TOKEN': 'wrong-one' };
    expect(await failure('contacts/search', { appId: 'wx_1' }, { headers })).toEqual({
      ret: 500,
      msg: 'HTTP HEADER: X-GEWE-TOKEN=wrong-one 不可用或已过期',
    });
  });

  test.each([
    ['without an appId', '{}'],
    ['that is not JSON', '{"appId":'],
    ['that is a JSON list', '["wx_1"]'],
  ])('a body %s gets ret 500', async (_, body) => {
    expect(await failure('contacts/search', {}, { body })).toMatchObject({ ret: 500 });
  });

  test.each(['contacts/toString', 'contacts/somethingNew', 'tools/getTokenId'])(
    '%s, which is not simulated, gets ret 500',
    async (operation) => {
      expect(await failure(operation, { appId: 'wx_1' })).toMatchObject({ ret: 500 });
    },
  );

  test('a method other than POST gets ret 500', async () => {
    const answer = await fetch(`${baseUrl}/contacts/search`);
    expect(await answer.json()).toMatchObject({ ret: 500 });
  });

  test('a path outside both base paths gets 404', async () => {
    const answer = await fetch(new URL('/contacts/search', baseUrl), { method: 'POST' });
    expect(answer.status).toBe(404);
  });

  test.each([
    ['getBriefInfo', 100],
    ['getDetailInfo', 20],
    ['checkRelation', 20],
  ])('%s accepts 1 to %i wxids, and returns ret 500 for more', async (operation, most) => {
    const path = `contacts/${operation}`;
    const refused = { ret: 500, msg: `wxids个数在1-${most}之间` };
    expect(await failure(path, { appId: 'wx_1', wxids: [] })).toEqual(refused);
    expect(await failure(path, { appId: 'wx_1' })).toEqual(refused);
    expect(await failure(path, { appId: 'wx_1', wxids: wxids(most + 1) })).toEqual(refused);
    expect(await ask(baseUrl, path, { appId: 'wx_1', wxids: wxids(most) })).toMatchObject({
      ret: 200,
    });
  });

  test.each([2, 3, 4, '2'])('addContacts with option %j succeeds', async (option) => {
    expect(await ask(baseUrl, 'contacts/addContacts', { appId: 'wx_1', option })).toEqual({
      ret: 200,
      msg: '操作成功',
    });
  });

  test.each([1, 5, '02', null, true, [2], undefined])(
    'addContacts with option %j gets ret 500',
    async (option) => {
      expect(await failure('contacts/addContacts', { appId: 'wx_1', option })).toMatchObject({
        ret: 500,
      });
    },
  );

  test('after setToken, the new token is accepted and the old one is not', async () => {
    simulator.setToken('second-token');
    const headers = { 'X-GEWE-TOKEN': 'second-token' };
    expect(await ask(baseUrl, 'login/checkOnline', { appId: 'wx_1' }, { headers })).toMatchObject({
      ret: 200,
    });
    expect(await ask(baseUrl, 'login/checkOnline')).toMatchObject({
      ret: 500,
      msg: expect.stringContaining(TOKEN),
    });
    simulator.reset();
    expect(await ask(baseUrl, 'login/checkOnline')).toMatchObject({ ret: 200 });
  });
});
