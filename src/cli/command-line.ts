import { processEnvironment } from '../settings/env.ts';
import { VERSION } from '../version.ts';
import { EXIT_OK, EXIT_USAGE, programName, type Io } from './io.ts';

type Command = (args: string[], io: Io) => Promise<number>;

interface Entry {
  readonly summary: string;
  /** Only the command that runs is loaded: the others would cost time and memory. */
  load(): Promise<Command>;
}

const COMMANDS: ReadonlyMap<string, Entry> = new Map([
  ['start', { summary: 'start the gateway', load: loadStart }],
  [
    'check',
    {
      summary: 'read every setting and list what is wrong',
      load: async () => (await import('./check.ts')).check,
    },
  ],
  [
    'keys',
    {
      summary: '`keys new NAME` makes a key for a client',
      load: async () => (await import('./keys.ts')).keys,
    },
  ],
  [
    'sessions',
    {
      summary: '`sessions rotate-key` replaces the key that signs session tokens',
      load: async () => (await import('./sessions.ts')).sessions,
    },
  ],
  [
    'backup',
    {
      summary: '`backup FILE` writes the store to a file, also while the gateway runs',
      load: async () => (await import('./backup.ts')).backup,
    },
  ],
  [
    'restore',
    {
      summary: '`restore FILE` puts a backup in the place of the store',
      load: async () => (await import('./restore.ts')).restore,
    },
  ],
  [
    'copy-store',
    {
      summary: '`copy-store FROM TO` copies a store to another kind of store',
      load: async () => (await import('./copy-store.ts')).copyStore,
    },
  ],
  [
    'demo',
    {
      summary: 'show what the gateway does, without an account',
      load: async () => (await import('./demo.ts')).demo,
    },
  ],
  [
    'simulate',
    {
      summary: 'start a GEWE that exists only on this machine',
      load: async () => (await import('./simulate.ts')).simulate,
    },
  ],
]);

const help = (program: string) => `gewe-gateway ${VERSION}

Usage: ${program} COMMAND [ARGUMENT …]

${[...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`).join('\n')}

\`${program} COMMAND --help\` says more.
`;

/** How long the rest of the log may take to reach its reader at the end, milliseconds. */
const LAST_LINES_MS = 1000;

/** `start`, and then the end of the process. Node alone would wait until the log has been read, which may be never. */
async function loadStart(): Promise<Command> {
  const { start } = await import('./start.ts');
  return async (args, io) => {
    const code = await start(args, io);
    // A log that is read ends the process earlier.
    setTimeout(() => process.exit(), LAST_LINES_MS).unref();
    return code;
  };
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
  const run = await command.load();
  return run(args, io);
}

/** Runs the command that the command line names, and sets the exit code of the process. */
export async function runCommandLine(): Promise<void> {
  const { stdout, stderr } = process;
  const [, script = '', ...args] = process.argv;
  const [cwd, env] = [process.cwd(), processEnvironment()];
  const program = programName({ script, cwd, env });
  process.exitCode = await main(args, { stdout, stderr, cwd, env, program });
}
