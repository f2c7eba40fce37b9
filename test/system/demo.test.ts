import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { demo } from '../../src/cli/demo.ts';
import { setStage } from '../../src/demo/stage.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { onPath } from '../support/on-path.ts';
import { fakeIo } from '../unit/cli/io.ts';

const run = promisify(execFile);

test('demo --once prints all five steps with their results and exits with 0', async () => {
  const child = spawn(process.execPath, ['src/main.ts', 'demo', '--once'], {
    // As npm sets it.
    env: { npm_lifecycle_event: 'demo', npm_package_name: 'gewe-gateway' },
  });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number]>,
  ]);

  expect(err).toBe('');
  expect(code).toBe(0);
  expect(out).toMatch(/1\. .*\n {3}29 friends after \d+ ms .*fwd=miss; stored/);
  expect(out).toMatch(/2\. .*\n {3}29 friends after \d+ ms .*detail=upstream-timeout.*Age: \d/);
  expect(out).toMatch(/3\. .*\n {3}the saved list has 5000 friends now.*hit/);
  expect(out).toMatch(/4\. .*\n {3}account-too-young · retryAt \d{4}-/);
  expect(out).toMatch(/5\. .*\n {3}8 accepted and sent, then add-quota-exhausted · retryAt \d{4}-/);
  // Its ports are closed by then.
  expect(out.slice(out.indexOf('5. '))).not.toMatch(/http:/);
  expect(out).toContain('`npm run demo` does the same and keeps running');
});

describe('the demo without --once', () => {
  const child = spawn(process.execPath, ['src/main.ts', 'demo'], { env: {} });
  const exit = once(child, 'exit');
  let out = '';
  beforeAll(async () => {
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      out += chunk;
      if (out.includes('Press Ctrl-C to stop.')) break;
    }
  });
  afterAll(() => void child.kill('SIGKILL'));

  (onPath('curl') ? test : test.skip)(
    'prints curl commands that work in a shell, the first with little output',
    async () => {
      const printed: string[] = [];
      for (const [line] of out.matchAll(/^ {2}curl .*$/gm)) {
        // With --fail-with-body, because curl exits with 0 whatever the status is.
        const { stdout } = await run('sh', ['-c', `${line} --fail-with-body`]);
        printed.push(stdout);
      }

      const [list = '', accepted = '', account = '', metrics = ''] = printed;
      expect(printed).toHaveLength(4);
      expect(list).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*Cache-Status: gewe-gateway; fwd=/);
      expect(list.split('\n').length).toBeLessThan(40);
      expect(list).not.toContain('wxid_');
      expect(accepted).toContain('"ret":200');
      expect(JSON.parse(account)).toMatchObject({ appId: 'wx_demo_old' });
      expect(metrics).toContain('gewe_gateway_');
    },
  );

  test('runs until a signal, then exits with 0', async () => {
    expect(child.exitCode).toBeNull();
    child.kill('SIGINT');
    const [code] = (await exit) as [number];

    expect(code).toBe(0);
  });
});

test.each<[what: string, spoil: (simulator: Simulator) => void]>([
  ['the live list', (simulator) => simulator.behave('wx_demo_sales', { html: true })],
  // The demo slows the upstream down by this call.
  ['the saved list', (simulator) => void (simulator.behave = () => undefined)],
  ['an accepted add', (simulator) => simulator.behave('wx_demo_old', { reset: true })],
])('the demo prints a failure and exits with 1 if it does not get %s', async (_what, spoil) => {
  const { io, printed } = fakeIo(process.cwd());
  const openStage = async () => {
    const stage = await setStage();
    spoil(stage.simulator);
    return stage;
  };

  expect(await demo(['--once'], io, openStage)).toBe(1);
  expect(printed.stderr).toContain('This step failed');
});
