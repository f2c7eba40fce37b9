import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listBytes, saveList } from '../support/lists.ts';
import { KEY, startGateway, type TestGateway } from '../support/start-gateway.ts';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));

// The gap between two friend requests is short, so that the test can wait until retryAt.
const POLICY = `
addContacts: { add: { minimumGapSeconds: 6 } }
accounts: { wx_old: { onlineSince: "2026-01-01T00:00:00Z" } }
`;

let gateway: TestGateway;
/** A gateway with short deadlines, for lists that never come. */
let hasty: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ policy: POLICY });
  hasty = await startGateway({
    env: { LIST_DEADLINE_MS: '200', LIST_CACHE_DEADLINE_MS: '200', SHUTDOWN_GRACE_MS: '0' },
  });
});
afterAll(async () => {
  await gateway.stop();
  await hasty.stop();
});

interface Ended {
  readonly exitCode: number;
  readonly output: string;
}

/** Runs a program to its end against the gateway of this test. */
function run(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const ofGateway = { GATEWAY_URL: gateway.url, GATEWAY_KEY: KEY };
    const options = { env: { ...process.env, ...ofGateway, ...env }, timeout: 60_000 };
    execFile(program, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      resolve({ exitCode: typeof code === 'number' ? code : -1, output: stdout + stderr });
    });
  });
}

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const testWith = (program: string) => (isInstalled(program) ? test : test.skip);

describe('examples/curl.sh', () => {
  testWith('curl')('shows a live list, a saved one and a refusal (needs curl)', async () => {
    const { exitCode, output } = await run('sh', [`${examples}/curl.sh`, 'wx_curl']);

    expect(output).toContain('Cache-Status: gewe-gateway; fwd=miss; stored');
    expect(output).toContain('Cache-Status: gewe-gateway; hit');
    expect(output).toContain('"code":"invalid-option"');
    expect(output).toMatch(/^RateLimit: "add-per-day";r=5/m);
    expect(exitCode).toBe(0);
  });

  test('without a key, it says which variable is missing', async () => {
    const { exitCode, output } = await run('sh', [`${examples}/curl.sh`], { GATEWAY_KEY: '' });

    expect(output).toContain('Set GATEWAY_KEY');
    expect(exitCode).not.toBe(0);
  });
});

describe('examples/python/fetch_contacts.py', () => {
  const script = `${examples}/python/fetch_contacts.py`;
  const testPython = testWith('python3');

  testPython('prints the sizes of a live list (needs python3)', async () => {
    const { exitCode, output } = await run('python3', [script, 'wx_python']);

    expect(output).toContain('29 friends, 5 chatrooms, 5 ghs (live)');
    expect(exitCode).toBe(0);
  });

  testPython('prints the age of a saved list if the upstream is slow (needs python3)', async () => {
    await saveList(hasty, 'wx_slow', listBytes('ann', 'bob'));
    hasty.simulator.behave('wx_slow', { hang: true });

    const { exitCode, output } = await run('python3', [script, 'wx_slow'], {
      GATEWAY_URL: hasty.url,
    });

    expect(output).toMatch(/2 friends, 0 chatrooms, 0 ghs \(saved \d+ seconds ago\)/);
    expect(output).toContain('Cache-Status: gewe-gateway; fwd=stale; detail=upstream-timeout');
    expect(exitCode).toBe(0);
  });

  testPython('prints the code of a refusal and when to try again (needs python3)', async () => {
    hasty.simulator.behave('wx_never', { hang: true });

    const { exitCode, output } = await run('python3', [script, 'wx_never'], {
      GATEWAY_URL: hasty.url,
    });

    expect(output).toContain('refused: upstream-timeout');
    expect(output).toMatch(/try again in \d+ seconds/);
    expect(exitCode).toBe(1);
  });

  testPython("prints GEWE's error for an account (needs python3)", async () => {
    gateway.simulator.behave('wx_offline', { accountOffline: true });

    const { exitCode, output } = await run('python3', [script, 'wx_offline']);

    expect(output).toContain('the upstream says: 500');
    expect(exitCode).toBe(1);
  });
});

describe('examples/typescript/add-contact.ts', () => {
  const add = (appId: string, v3: string, env?: Record<string, string>) =>
    run(process.execPath, [`${examples}/typescript/add-contact.ts`, appId, v3, 'v4'], env);
  const sentFor = (appId: string) =>
    gateway.simulator.calls.filter(
      (call) => call.operation === 'contacts/addContacts' && call.appId === appId,
    );

  test('waits for retryAt after add-too-soon, and then sends the request', async () => {
    const first = await add('wx_old', 'v3_ann');
    await gateway.post('addContacts', { appId: 'wx_old', option: 2, v3: 'v3_bob' });
    const second = await add('wx_old', 'v3_cid');

    expect(first).toEqual({ exitCode: 0, output: 'sent\n' });
    expect(second.output).toMatch(/refused: add-too-soon[^]*waiting until 20[^]*\nsent\n$/);
    expect(second.exitCode).toBe(0);
    expect(
      sentFor('wx_old').map(({ body }) => (JSON.parse(String(body)) as { v3: string }).v3),
    ).toEqual(expect.arrayContaining(['v3_ann', 'v3_cid']));
  });

  test('prints the date on which a young account opens', async () => {
    const { exitCode, output } = await add('wx_young', 'v3_ann');

    expect(output).toContain('refused: account-too-young');
    expect(output).toMatch(/It opens at \d{4}-\d\d-\d\dT/);
    expect(exitCode).toBe(1);
    expect(sentFor('wx_young')).toEqual([]);
  });
});
