import { parseArgs } from 'node:util';
import { systemClock } from '../clock.ts';
import { DEMO_KEY, setStage, type Stage } from '../demo/stage.ts';
import { tellStory } from '../demo/story.ts';
import { createVisitor } from '../demo/visitor.ts';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, type Io } from './io.ts';
import { nextSignal } from './signals.ts';

const HELP = `Usage: gewe-gateway demo [--once]

Shows the gateway's main job in front of a simulated GEWE, step by step, over real sockets of this machine. Needs no
account and no server. Then stays up for you to try, until Ctrl-C.

  --once   end after the story

Exit code: 0 every step happened, 1 one did not.
`;

/** `gewe-gateway demo`: resolves to the exit code. */
export async function demo(
  args: readonly string[],
  { stdout, stderr }: Pick<Io, 'stdout' | 'stderr'>,
  openStage: () => Promise<Stage> = setStage,
): Promise<number> {
  let once: boolean;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { once: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help === true) {
      stdout.write(HELP);
      return EXIT_OK;
    }
    once = values.once === true;
  } catch {
    stderr.write(`demo takes --once and nothing else.\n\n${HELP}`);
    return EXIT_USAGE;
  }

  const stage = await openStage();
  try {
    stdout.write(`A gateway at ${stage.url}, in front of a simulated GEWE.\n\n`);
    const steps = tellStory(stage, createVisitor(stage), systemClock);
    for (const [index, { title, show }] of steps.entries()) {
      stdout.write(`${index + 1}. ${title}\n`);
      stdout.write(`   ${await show()}\n\n`);
    }
    stdout.write(invitation(stage));
    if (!once) {
      const signal = nextSignal();
      stdout.write('\nCtrl-C ends it.\n');
      await signal;
    }
    return EXIT_OK;
  } catch (error) {
    stderr.write(`   This did not happen: ${(error as Error).message}\n`);
    return EXIT_FAILED;
  } finally {
    await stage.close();
  }
}

function invitation({ url, opsUrl }: Stage): string {
  const post = (operation: string, body: object) =>
    `  curl -i ${url}/contacts/${operation} -H 'X-API-Key: ${DEMO_KEY}' -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
  return [
    `The ops listener is at ${opsUrl}/. Things to try:`,
    '',
    post('fetchContactsList', { appId: 'wx_demo_sales' }),
    post('addContacts', { appId: 'wx_demo_old', scene: 3, option: 3, v3: 'v3_1', v4: 'v4_1' }),
    `  curl ${opsUrl}/admin/accounts/wx_demo_old`,
    `  curl ${opsUrl}/metrics`,
    '',
  ].join('\n');
}
