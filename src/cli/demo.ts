import { devNull } from 'node:os';
import { parseArgs } from 'node:util';
import { systemClock } from '../time.ts';
import { createVisitor, DEMO_KEY, setStage, type Stage } from '../demo/stage.ts';
import { storySteps } from '../demo/story.ts';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, withOwnScript, type Io } from './io.ts';
import { nextSignal } from './signals.ts';

const help = (program: string) => `Usage: ${withOwnScript(program, 'demo')} [--once]

Shows step by step what the gateway does, in front of a simulated GEWE, over real sockets of this machine. Needs no
account and no server. Afterwards it keeps running until Ctrl-C, so that you can try it.

  --once   end after the last step

Exit code: 0 if every step worked, 1 if one failed.
`;

/** `gewe-gateway demo`: resolves to the exit code. */
export async function demo(
  args: readonly string[],
  { stdout, stderr, program }: Pick<Io, 'stdout' | 'stderr' | 'program'>,
  openStage: () => Promise<Stage> = setStage,
): Promise<number> {
  let once: boolean;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { once: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help === true) {
      stdout.write(help(program));
      return EXIT_OK;
    }
    once = values.once === true;
  } catch {
    stderr.write(`demo takes --once and nothing else.\n\n${help(program)}`);
    return EXIT_USAGE;
  }

  const stage = await openStage();
  try {
    stdout.write(`A gateway at ${stage.url}, in front of a simulated GEWE.\n\n`);
    const steps = storySteps(stage, createVisitor(stage), systemClock);
    for (const [index, { title, show }] of steps.entries()) {
      stdout.write(`${index + 1}. ${title}\n`);
      stdout.write(`   ${await show()}\n\n`);
    }
    if (once) {
      const command = withOwnScript(program, 'demo');
      stdout.write(`\`${command}\` does the same and keeps running, for your own calls.\n`);
    } else {
      stdout.write(invitation(stage));
      const signal = nextSignal();
      stdout.write('\nPress Ctrl-C to stop.\n');
      await signal;
    }
    return EXIT_OK;
  } catch (error) {
    stderr.write(`   This step failed: ${(error as Error).message}\n`);
    return EXIT_FAILED;
  } finally {
    await stage.close();
  }
}

/** Lines for a shell, with double quotes, which cmd.exe accepts too. */
function invitation({ url, opsUrl }: Stage): string {
  const post = (flags: string, operation: string, body: object) =>
    `  curl ${flags} ${url}/contacts/${operation} -H "X-API-Key: ${DEMO_KEY}" -H "Content-Type: application/json" -d ${JSON.stringify(JSON.stringify(body))}`;
  const person = { scene: 3, option: 3, v3: 'v3_1', v4: 'v4_1' };
  return [
    `The ops page is at ${opsUrl}/. Things to try:`,
    '',
    '  # a list: only its headers, since it has thousands of friends',
    post(`-s -D - -o ${devNull}`, 'fetchContactsList', { appId: 'wx_demo_sales' }),
    '  # accept a friend request',
    post('-i', 'addContacts', { appId: 'wx_demo_old', ...person }),
    "  # what is left of an account's quotas",
    `  curl ${opsUrl}/admin/accounts/wx_demo_old`,
    `  curl ${opsUrl}/metrics`,
    '',
  ].join('\n');
}
