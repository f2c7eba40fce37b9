import { check } from './check.ts';
import { demo } from './demo.ts';
import { EXIT_OK, EXIT_USAGE, type Io } from './io.ts';
import { keys } from './keys.ts';
import { programName } from './program.ts';
import { simulate } from './simulate.ts';
import { start } from './start.ts';
import { processEnvironment } from '../settings/env.ts';
import { VERSION } from '../version.ts';

type Command = (args: string[], io: Io) => Promise<number>;

const COMMANDS: ReadonlyMap<string, readonly [run: Command, summary: string]> = new Map([
  ['start', [startAndEnd, 'start the gateway']],
  ['check', [check, 'read every setting and tell what is wrong']],
  ['keys', [keys, '`keys new NAME` makes a key for a client']],
  ['demo', [demo, 'show what the gateway does, without an account']],
  ['simulate', [simulate, 'start a GEWE that exists only on this machine']],
]);

const help = (program: string) => `gewe-gateway ${VERSION}

Usage: ${program} COMMAND [ARGUMENT …]

${[...COMMANDS].map(([name, [, summary]]) => `  ${name.padEnd(10)} ${summary}`).join('\n')}

\`${program} COMMAND --help\` tells more.
`;

/** How long what is left of the log may take to whoever reads it. */
const LAST_LINES_MS = 1000;

/** `start`, and then the end of the process, which Node would put off until the log has been read: for ever, maybe. */
async function startAndEnd(args: string[], io: Io): Promise<number> {
  const code = await start(args, io);
  // It ends by itself, and before, where somebody reads.
  setTimeout(() => process.exit(), LAST_LINES_MS).unref();
  return code;
}

async function main([name = '', ...args]: string[], io: Io): Promise<number> {
  if (['--help', '-h', 'help'].includes(name)) {
    io.stdout.write(help(io.program));
    return EXIT_OK;
  }
  if (name === '--version') {
    io.stdout.write(`${VERSION}\n`);
    return EXIT_OK;
  }
  const command = COMMANDS.get(name);
  if (command === undefined) {
    const usage = help(io.program);
    io.stderr.write(name === '' ? usage : `There is no command of this name.\n\n${usage}`);
    return EXIT_USAGE;
  }
  return command[0](args, io);
}

/** Runs the command that the command line names, and leaves its exit code with the process. */
export async function runCommandLine(): Promise<void> {
  const { stdout, stderr } = process;
  const [, script = '', ...args] = process.argv;
  const [cwd, env] = [process.cwd(), processEnvironment()];
  const program = programName({ script, cwd, env });
  process.exitCode = await main(args, { stdout, stderr, cwd, env, program });
}
