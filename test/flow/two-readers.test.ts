/** What the gateway decides by must not be read otherwise by whoever carries it out. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';
import { sentAdds, TRUSTING } from '../support/add-contacts.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ policy: TRUSTING });
});
afterAll(() => gateway.stop());

test.each([
  '2.0',
  '2e0',
  '2.9999999999999999999',
  '3.0000000000000000001',
  '4.0000000000000000001',
])('an option written %s, which readers round differently, is refused', async (option) => {
  const body = `{"appId":"wx_rounded","option":${option},"v3":"v3_ann"}`;
  const answer = await gateway.post('addContacts', body).expect(400);
  expect(answer.body.code).toBe('invalid-option');
  expect(sentAdds(gateway.simulator)).toEqual([]);
});

test.each([
  '{"appId":"wx_mine","app_id":"wx_other"}',
  '{"AppId":"wx_other","appId":"wx_mine"}',
  '{"appId":"wx_mine","option":4,"Option":2,"v3":"v3_ann"}',
  '{"appId":"wx_mine","option":2,"v3":"v3_ann","V3":"v3_bob"}',
  '{"appId":"wx_mine","option":4,"option\\u0000":2}',
])('%s, where lenient readers see a key twice, is refused', async (body) => {
  const answer = await gateway.post('addContacts', body).expect(400);
  expect(answer.body.code).toBe('duplicate-key');
  expect(sentAdds(gateway.simulator)).toEqual([]);
});

test('keys that decide nothing may be spelled as they like', async () => {
  const body = '{"appId":"wx_mine","content":"a","Content":"b","contactsInfo":"x"}';
  await gateway.post('search', body).expect(200);
});

test.each(['addcontacts', 'AddContacts', 'ADDCONTACTS', 'fetchcontactslist', 'Search'])(
  'the operation %s, a known one in other letters, is 404 and reaches no upstream',
  async (operation) => {
    const before = gateway.simulator.calls.length;
    const answer = await gateway.post(operation, { appId: 'wx_mine', option: 2, v3: 'v3_ann' });
    expect(answer.status).toBe(404);
    expect(gateway.simulator.calls).toHaveLength(before);
  },
);

test.each(['v3 ann', 'v3_ann ', 'v3_ann\u200b', 'v3_\u0000', '微信'])(
  'a v3 that only looks like another (%j) is refused',
  async (v3) => {
    const body = { appId: 'wx_mine', option: 2, v3 };
    const answer = await gateway.post('addContacts', body).expect(400);
    expect(answer.body.code).toBe('invalid-target');
  },
);
