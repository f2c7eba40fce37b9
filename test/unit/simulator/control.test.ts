import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createSimulator } from '../../../src/simulator/simulator.ts';
import { ask, call } from './calling.ts';

const simulator = createSimulator();
let baseUrl: string;

beforeAll(async () => {
  ({ baseUrl } = await simulator.start());
});
beforeEach(() => simulator.reset());
afterAll(() => simulator.stop());

async function control(method: string, path: string, body?: string) {
  const response = await fetch(new URL(`/simulator/${path}`, baseUrl), {
    method,
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, content: text && JSON.parse(text) };
}

describe('the control API', () => {
  test('a PUT behaviour applies until it is deleted', async () => {
    const put = await control('PUT', 'behaviours/wx_1', '{"accountOffline":true}');
    expect(put.status).toBe(204);
    expect(await ask(baseUrl, 'contacts/search')).toMatchObject({ msg: '微信已离线' });
    expect((await control('DELETE', 'behaviours/wx_1')).status).toBe(204);
    expect(await ask(baseUrl, 'contacts/search')).toMatchObject({ ret: 200 });
  });

  test('a PUT list of behaviours for every account applies in its order', async () => {
    await control('PUT', 'behaviours/*', '[{"times":1,"status":503},{"deviceMissing":true}]');
    expect((await call(baseUrl, 'contacts/search')).status).toBe(503);
    expect(await ask(baseUrl, 'contacts/search')).toMatchObject({ msg: '设备不存在' });
  });

  test('a percent-encoded appId means the decoded account', async () => {
    await control('PUT', 'behaviours/wx%3A1', '{"deviceMissing":true}');
    const answer = await ask(baseUrl, 'contacts/search', { appId: 'wx:1' });
    expect(answer).toMatchObject({ msg: '设备不存在' });
  });

  test('GET calls returns the calls with their bodies as text and how they ended', async () => {
    simulator.behave('wx_2', { hang: true });
    await ask(baseUrl, 'contacts/search', { appId: 'wx_1' });
    const hanging = expect(call(baseUrl, 'contacts/search', { appId: 'wx_2' })).rejects.toThrow();
    await simulator.waitForCall((one) => one.appId === 'wx_2');
    await simulator.calls[0]?.ended;
    const { content } = await control('GET', 'calls');
    expect(content.calls).toMatchObject([
      { operation: 'contacts/search', body: '{"appId":"wx_1"}', ended: 'answered' },
      { operation: 'contacts/search', appId: 'wx_2', ended: 'pending' },
    ]);
    expect(Date.parse(content.calls[0].receivedAt)).not.toBeNaN();
    simulator.reset();
    await hanging;
  });

  test('a reset forgets calls and behaviours and is itself answered', async () => {
    simulator.behave('wx_1', { deviceMissing: true });
    await ask(baseUrl, 'contacts/search');
    expect((await control('POST', 'reset')).status).toBe(204);
    expect((await control('GET', 'calls')).content).toEqual({ calls: [] });
    expect(await ask(baseUrl, 'contacts/search')).toMatchObject({ ret: 200 });
  });

  test.each([
    ['that is not JSON', 'wx_1', 'hang', 'The body is not JSON.'],
    ['with an unknown key', 'wx_1', '{"hnag":true}', 'behaviour has the unknown key "hnag"'],
    ['with a wrong value', 'wx_1', '[{"delayMs":"1s"}]', 'behaviour[0].delayMs must be a whole'],
    ['for a broken appId', '%E0', '{}', 'The appId in the path is not valid percent-encoding.'],
  ])('a behaviour %s is refused with 400 and the reason', async (_, appId, body, reason) => {
    const { status, content } = await control('PUT', `behaviours/${appId}`, body);
    expect(status).toBe(400);
    expect(content.error).toContain(reason);
  });

  test.each([
    ['POST', 'calls', 'GET'],
    ['GET', 'reset', 'POST'],
    ['GET', 'behaviours/wx_1', 'PUT, DELETE'],
  ])(
    '%s /simulator/%s is refused with 405 and the allowed methods',
    async (method, path, allow) => {
      const { status, headers } = await control(method, path);
      expect(status).toBe(405);
      expect(headers.get('allow')).toBe(allow);
    },
  );

  test.each(['', 'behaviours', 'behaviours/', 'behaviours/a/b', 'calls/1', 'other'])(
    '/simulator/%s is not found',
    async (path) => {
      const { status, content } = await control('GET', path);
      expect(status).toBe(404);
      expect(content.error).toContain('/simulator/calls');
    },
  );
});
