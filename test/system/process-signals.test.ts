/** One Ctrl-C that arrives as several signals, and a second one on purpose. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runGateway } from '../support/gateway-process.ts';
import { heldUpstream, type HeldUpstream } from '../support/raw-upstream.ts';
import { GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { KEY, TOKEN } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CALLS = 8;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let upstream: HeldUpstream;
let env: Record<string, string>;
/** Process groups that must have ended, whichever process ended them. */
let groups: number[];

beforeEach(async () => {
  folder = await temporaryFolder();
  groups = [];
  upstream = await heldUpstream();
  env = {
    GEWE_BASE_URL: upstream.baseUrl,
    GEWE_TOKEN: TOKEN,
    GATEWAY_KEYS: `test:${KEY}`,
    STORE_URL: 'memory:',
    PORT: '0',
    OPS_PORT: '0',
    SHUTDOWN_GRACE_MS: '600000',
    GEWE_TIMEOUT_MS: '600000',
  };
});
afterEach(async () => {
  groups.forEach(endGroup);
  await upstream.stop();
  await folder.remove();
});

/** Calls that run until `finish` is called, which resolves to their outcomes. */
async function callsUnderWay(url: string): Promise<{ finish(): Promise<readonly unknown[]> }> {
  const body = JSON.stringify({ appId: 'wx_a', contactsInfo: 'x' });
  const answers = Array.from({ length: CALLS }, () =>
    httpCall(url, { path: '/contacts/search', headers: GOOD_HEADERS, body }).then(
      ({ status }) => status,
      () => 'cut off',
    ),
  );
  const held = await Promise.all(answers.map(() => upstream.next('contacts/search')));
  return {
    finish() {
      for (const call of held) call.answer('{"ret":200,"msg":"ok","data":{}}');
      return Promise.all(answers);
    },
  };
}

const allFinished = Array(CALLS).fill(200);

describe('gewe-gateway start', () => {
  test.each<NodeJS.Signals[][]>([
    [['SIGINT', 'SIGTERM']],
    [['SIGTERM', 'SIGINT', 'SIGHUP']],
    [['SIGHUP', 'SIGINT', 'SIGHUP']],
  ])(
    'treats %j at the same moment as one stop, and finishes its running calls',
    async (signals) => {
      const gateway = runGateway(['start'], { cwd: folder.path, env });
      try {
        const calls = await callsUnderWay((await gateway.listening()).url);
        for (const signal of signals) gateway.kill(signal);
        await gateway.printed(/"stopping"/);

        expect(await calls.finish()).toEqual(allFinished);
        expect(await gateway.ended).toEqual({ code: 0, signal: null });
      } finally {
        gateway.kill('SIGKILL');
        await gateway.ended;
      }
    },
  );

  test.each<NodeJS.Signals[]>([
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGHUP'],
  ])('after %s is ended at once by a %s more than a second later', async (first, second) => {
    const gateway = runGateway(['start'], { cwd: folder.path, env });
    try {
      const calls = await callsUnderWay((await gateway.listening()).url);
      gateway.kill(first);
      await gateway.printed(/"stopping"/);
      await pause(1100);
      gateway.kill(second);

      expect(await gateway.ended).toEqual({ code: 1, signal: null });
      expect(await calls.finish()).toEqual(Array(CALLS).fill('cut off'));
    } finally {
      gateway.kill('SIGKILL');
      await gateway.ended;
    }
  });
});

describe('npm start', () => {
  test.each<[string, NodeJS.Signals, (pid: number) => number]>([
    ['a Ctrl-C, which goes to its whole group', 'SIGINT', (pid) => -pid],
    ['the SIGHUP of a terminal that is closed', 'SIGHUP', (pid) => -pid],
    ['a SIGTERM, which goes to npm only', 'SIGTERM', (pid) => pid],
  ])('at %s, finishes its running calls', async (_what, signal, whom) => {
    // A separate process group, as a terminal makes one.
    const npm = spawn('npm', ['start'], {
      cwd: ROOT,
      detached: true,
      env: { PATH: process.env['PATH'] ?? '', ...env },
    });
    const pid = Number(npm.pid);
    groups.push(pid);
    const exited = once(npm, 'exit');
    let output = '';
    let calls: Awaited<ReturnType<typeof callsUnderWay>> | undefined;
    let finished: Promise<readonly unknown[]> | undefined;
    for await (const text of npm.stdout.setEncoding('utf8') as AsyncIterable<string>) {
      output += text;
      const [, url] = /listening on (http[^\s,]+)/.exec(output) ?? [];
      if (url !== undefined && calls === undefined) {
        calls = await callsUnderWay(url);
        process.kill(whom(pid), signal);
      }
      if (output.includes('"stopping"')) finished ??= calls?.finish();
    }
    expect(await finished).toEqual(allFinished);
    expect(output).toContain('"msg":"stopped"');
    await exited;
  });
});

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of it is left, as it should be.
  }
}
