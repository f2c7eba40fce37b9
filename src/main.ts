#!/usr/bin/env node
import { check } from './cli/check.ts';
import { demo } from './cli/demo.ts';
import { EXIT_OK, EXIT_USAGE, type Io } from './cli/io.ts';
import { keys } from './cli/keys.ts';
import { programName } from './cli/program.ts';
import { simulate } from './cli/simulate.ts';
import { start } from './cli/start.ts';
import { processEnvironment } from './settings/env.ts';
import { VERSION } from './version.ts';

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
    io.stderr.write(
      name === '' ? help(io.program) : `There is no command of this name.\n\n${help(io.program)}`,
    );
    return EXIT_USAGE;
  }
  return command[0](args, io);
}

const { stdout, stderr } = process;
const [, script = '', ...args] = process.argv;
const [cwd, env] = [process.cwd(), processEnvironment()];
process.exitCode = await main(args, {
  stdout,
  stderr,
  cwd,
  env,
  program: programName({ script, cwd, env }),
});
