/** Two gateways as processes with the same SQLite file. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { addBody, chargedOf, TRUSTING } from '../support/add-contacts.ts';
import { eventually } from '../support/eventually.ts';
import { gatewayProcesses, type GatewayProcesses } from '../support/gateway-processes.ts';
import { GOOD_HEADERS, httpCall, readiness } from '../support/http-client.ts';

let gateways: GatewayProcesses;
beforeEach(async () => {
  gateways = await gatewayProcesses({ policy: TRUSTING, env: { STORE_URL: 'sqlite:gateway.db' } });
});
afterEach(() => gateways.stop());

test('a second gateway exits with 78 and names the first, which keeps serving', async () => {
  const first = await gateways.start();
  const second = gateways.run();
  expect(await second.ended).toEqual({ code: 78, signal: null });
  expect(second.output()).toMatch(
    new RegExp(
      `^STORE_URL: Cannot open the store \\S+/gateway\\.db: another gateway \\(process ${first.process.pid}\\) ` +
        'has it open\\. Stop that one first; one gateway runs on one file\\.\n$',
    ),
  );

  const body = JSON.stringify(addBody('wx_a'));
  const headers = GOOD_HEADERS;
  const added = await httpCall(first.url, { path: '/contacts/addContacts', headers, body });
  expect(added.status).toBe(200);
  expect((await readiness(first.url)).status).toBe(200);
});

test('after kill -9 of the first, the next one starts and has its charges', async () => {
  const first = await gateways.start();
  const body = JSON.stringify(addBody('wx_a'));
  const headers = GOOD_HEADERS;
  await httpCall(first.url, { path: '/contacts/addContacts', headers, body });
  await gateways.kill(first);
  expect(await chargedOf(await gateways.start(), 'wx_a', 'add-per-day')).toBe(1);
});

test('after a stop, the next one starts', async () => {
  const first = await gateways.start();
  first.process.kill('SIGTERM');
  expect((await first.process.ended).code).toBe(0);
  await gateways.start();
});

test('of three started at once, exactly one serves', async () => {
  const all = Array.from({ length: 3 }, () => gateways.run());
  const codes: (number | null)[] = [];
  for (const one of all) void one.ended.then(({ code }) => codes.push(code));
  expect(await eventually(() => codes.length === 2)).toBe(true);
  expect(codes).toEqual([78, 78]);
  const listening = all.filter((one) => !one.output().includes('STORE_URL: '));
  expect(listening).toHaveLength(1);
  await listening[0]?.listening();
});
