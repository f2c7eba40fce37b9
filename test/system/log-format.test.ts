/** What the log looks like on a terminal, and what its first line says. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { VERSION } from '../../src/version.ts';
import { describeWith } from '../support/describe-with.ts';
import { gatewayProcesses, type GatewayProcesses } from '../support/gateway-processes.ts';
import { TOKEN } from '../support/start-gateway.ts';

let gateways: GatewayProcesses;
beforeAll(async () => void (gateways = await gatewayProcesses({})));
afterAll(() => gateways.stop());

test('the start line says what runs', async () => {
  await writeFile(join(gateways.folder, 'token'), TOKEN);
  const key = `"sha256:${'a'.repeat(64)}"`;
  await writeFile(join(gateways.folder, 'clients.yaml'), `clients: { crm: { keys: [${key}] } }`);
  const gateway = gateways.run({
    GEWE_BASE_URL: 'http://127.0.0.1:2531/v2/api/',
    GEWE_TOKEN: '',
    GEWE_TOKEN_FILE: 'token',
    GATEWAY_CLIENTS: 'clients.yaml',
    STORE_URL: 'sqlite:gateway.db',
  });
  const [line] = await gateway.printed(/^.*listening on.*$/m);
  const { url, opsUrl } = await gateway.listening();

  expect(JSON.parse(line)).toEqual({
    level: 'info',
    time: expect.any(String),
    instance: `${hostname()}:${new URL(url).port}`,
    version: VERSION,
    upstream: 'http://127.0.0.1:2531/v2/api',
    store: 'sqlite:gateway.db',
    clients: 2,
    tokenFrom: 'GEWE_TOKEN_FILE',
    url,
    opsUrl,
    msg: `listening on ${url}, ops on ${opsUrl}`,
  });
});

describeWith('python3', 'on a terminal', () => {
  const onTerminal = ['python3', '-c', 'import pty, sys; pty.spawn(sys.argv[1:])'];
  const firstLine = async (env: Record<string, string>) => {
    const gateway = gateways.run({ TERM: 'xterm-256color', ...env }, [
      ...onTerminal,
      process.execPath,
    ]);
    const [line] = await gateway.printed(/^.*listening on[^]*?\n/m);
    return line;
  };

  test.each([
    ['auto, with colours', {}, '] \u001b[32mINFO\u001b[39m: \u001b[36mlistening on '],
    ['auto, without colours for NO_COLOR', { NO_COLOR: '1' }, '] INFO: listening on '],
    ['json, as anywhere', { LOG_FORMAT: 'json' }, '{"level":"info","time":'],
  ])('lines are %s', async (_what, env, looks) => {
    expect(await firstLine(env)).toContain(looks);
  });
});
