import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { VERSION } from '../../src/version.ts';
import { addBody, TRUSTING } from '../support/add-contacts.ts';
import { KEY, startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';

const APP_ID = 'wx_must_not_be_seen';

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await startGateway({ policy: TRUSTING });
});
afterEach(() => gateway.stop());

/** Every series by its name and labels. Throws if a line is not in Prometheus' text format. */
async function series(): Promise<Map<string, number>> {
  const answer = await supertest(gateway.opsUrl).get('/metrics').expect(200);
  expect(answer.headers['content-type']).toContain('text/plain');
  const lines = answer.text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const label = String.raw`[a-z_]+="(?:[^"\\\n]|\\.)*"`;
      const sample = new RegExp(String.raw`^([a-z_]+(?:\{${label}(?:,${label})*\})?) (\S+)$`);
      const [, name = '', value = ''] = sample.exec(line) ?? [];
      if (name === '' || Number.isNaN(Number(value))) throw new Error(`No sample: ${line}`);
      return [name, Number(value)];
    }),
  );
}

/** The one value of the series that contain all of `parts`; 0 if there is none. */
async function valueOf(...parts: string[]): Promise<number> {
  const found = [...(await series())].filter(([name]) => parts.every((one) => name.includes(one)));
  expect(found.length).toBeLessThan(2);
  return found[0]?.[1] ?? 0;
}

const search = () => gateway.post('search', { appId: APP_ID, contactsInfo: 'x' });

describe('/metrics', () => {
  test('has only names that begin with gewe_gateway_', async () => {
    await search().expect(200);
    const names = [...(await series()).keys()];
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !name.startsWith('gewe_gateway_'))).toEqual([]);
  });

  test('counts requests by operation, client, status, code and source', async () => {
    const labels = ['requests_total', 'operation="addContacts"', 'client="test"'];
    await gateway.post('addContacts', addBody(APP_ID)).expect(200);
    await gateway.post('addContacts', addBody(APP_ID)).expect(429);

    expect(await valueOf(...labels, 'status="200"', 'code="none"', 'source="live"')).toBe(1);
    expect(await valueOf(...labels, 'status="429"', 'code="target-quota-exhausted"')).toBe(1);
    expect(await valueOf('_request_duration_seconds_count', 'operation="addContacts"')).toBe(2);
  });

  test('counts upstream calls by outcome', async () => {
    await search().expect(200);
    gateway.simulator.behave(APP_ID, { html: true });
    await search().expect(502);

    const labels = ['upstream_calls_total', 'operation="search"'];
    expect(await valueOf(...labels, 'outcome="answered"')).toBe(1);
    expect(await valueOf(...labels, 'outcome="invalid"')).toBe(1);
  });

  test('has how long upstream calls take, by outcome, with buckets for slow lists', async () => {
    await search().expect(200);
    gateway.simulator.behave(APP_ID, { html: true });
    await search().expect(502);

    const name = 'gewe_gateway_upstream_duration_seconds';
    const labels = ['operation="search"', 'outcome="invalid"'];
    expect(await valueOf(`${name}_count`, 'operation="search"', 'outcome="answered"')).toBe(1);
    expect(await valueOf(`${name}_count`, ...labels)).toBe(1);
    expect(await valueOf(`${name}_bucket`, 'le="300"', ...labels)).toBe(1);
    expect(await valueOf(`${name}_sum`, ...labels)).toBeGreaterThan(0);
    expect(await valueOf(`${name}_sum`, ...labels)).toBeLessThan(60);
  });

  test('has the version', async () => {
    expect(await valueOf(`gewe_gateway_build_info{version="${VERSION}"}`)).toBe(1);
  });

  test('shows whether the upstream rejects the token', async () => {
    expect(await valueOf('gewe_gateway_token_rejected')).toBe(0);
    gateway.simulator.setToken('tok-another-one-55');
    await search().expect(502);
    expect(await valueOf('gewe_gateway_token_rejected')).toBe(1);
  });

  test('never contains an appId, a key or the token', async () => {
    await gateway.post('fetchContactsList', { appId: APP_ID }).expect(200);
    await gateway.post('addContacts', addBody(APP_ID)).expect(200);
    await supertest(gateway.url).post('/contacts/search').set('X-API-Key', 'wrong').send({});

    const { text } = await supertest(gateway.opsUrl).get('/metrics').expect(200);
    for (const secret of [APP_ID, KEY, 'wrong', TOKEN]) expect(text).not.toContain(secret);
  });

  test('does not grow with what callers make up', async () => {
    await gateway.post('madeUpFirst', { appId: APP_ID }).expect(200);
    await supertest(gateway.url).get('/nowhere/at/all').expect(404);
    await gateway.post('search', { appId: '' }).expect(400);
    const before = [...(await series()).keys()];
    for (let i = 0; i < 20; i++) {
      await gateway.post(`madeUp${i}`, { appId: `wx_${i}` }).expect(200);
      await supertest(gateway.url).get(`/nowhere/${i}`).set('X-API-Key', `k${i}`).expect(404);
      await gateway.post('search', { appId: '' }, { 'X-Request-Id': `id-${i}` }).expect(400);
    }
    expect([...(await series()).keys()]).toEqual(before);
  });
});
