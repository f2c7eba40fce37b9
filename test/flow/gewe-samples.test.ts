import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

test("GEWE's own sample response is returned through the gateway", async () => {
  const answer = await gateway.post('fetchContactsList', { appId: 'wx_sample' }).expect(200);

  expect(answer.body).toEqual(JSON.parse(fixture('fetch-contacts-list.answer.json')));
  expect(answer.headers['cache-status']).toBe('gewe-gateway; fwd=miss; stored');
  const call = await gateway.simulator.waitForCall(({ appId }) => appId === 'wx_sample');
  expect(call.headers['x-gewe-token']).toBe(TOKEN);
});
