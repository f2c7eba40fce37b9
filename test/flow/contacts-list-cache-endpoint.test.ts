/** Lists that callers fetch with fetchContactsListCache are passed on and saved, too. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { askList, listBytes, ONLY_IF_CACHED, saveList } from '../support/lists.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

let clock: MovableClock;
let gateway: TestGateway;
beforeEach(async () => {
  clock = movableClock();
  gateway = await startGateway({ overrides: { clock } });
});
afterEach(() => gateway.stop());

const passBy = (body: string) => {
  gateway.simulator.behave('wx_1', { raw: { body } });
  return gateway.post('fetchContactsListCache', { appId: 'wx_1' });
};

test('a good list is saved, and passed on byte for byte', async () => {
  const reply = await passBy(listBytes('ann'));
  expect(reply.text).toBe(listBytes('ann'));

  clock.advance(3000);
  const saved = await askList(gateway, 'wx_1', ONLY_IF_CACHED);
  expect(saved.body.toString()).toBe(listBytes('ann'));
  expect(saved.headers).toMatchObject({
    'cache-status': 'gewe-gateway; hit; detail=gewe-cache',
    age: '3',
  });
});

test('a good list replaces an older one', async () => {
  await saveList(gateway, 'wx_1', listBytes('ann'));
  clock.advance(1);
  await passBy(listBytes('ann', 'bob'));
  const saved = await askList(gateway, 'wx_1', ONLY_IF_CACHED);
  expect(saved.body.toString()).toBe(listBytes('ann', 'bob'));
});

test.each([
  '{"ret":200,"msg":"操作成功"}',
  '{"ret":200,"data":{"friends":[],"chatrooms":[],"ghs":[]}}',
  '{"ret":500,"msg":"微信已离线"}',
  listBytes('ann').replace('200', '500'),
])(
  'a response without a good list is passed on and does not replace the saved list: %s',
  async (body) => {
    await saveList(gateway, 'wx_1', listBytes('ann'));
    clock.advance(1);
    expect((await passBy(body)).text).toBe(body);
    const saved = await askList(gateway, 'wx_1', ONLY_IF_CACHED);
    expect(saved.headers).toMatchObject({ 'cache-status': 'gewe-gateway; hit' });
  },
);
