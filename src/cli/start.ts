import { inspect } from 'node:util';
import { createGateway, type Gateway } from '../gateway.ts';
import { ListenError, whyNotListening } from '../listen-error.ts';
import type { Loaded } from '../settings/load.ts';
import { StoreOpenError } from '../stores/stores.ts';
import { showProblems } from './check.ts';
import { EXIT_CONFIG, EXIT_FAILED, EXIT_OK, EXIT_USAGE, type Io } from './io.ts';
import { readSettings } from './read-settings.ts';
import { redact } from './redact.ts';
import { nextSignal } from './signals.ts';

const help = (program: string) => `Usage: ${program} start

Starts the gateway with the settings in the environment, .env, the policy file and the clients file. It runs until
SIGTERM, SIGHUP or Ctrl-C. Then it accepts no new connection, finishes the requests under way, and ends. Another
signal, more than a second after the first, ends it at once.

Exit code: 0 stopped, 1 failed, 78 a setting has to be corrected.
`;

/** `gewe-gateway start`: resolves to the exit code when the gateway has stopped. */
export async function start(args: readonly string[], io: Io): Promise<number> {
  const [first] = args;
  if (first === '--help' || first === '-h') {
    io.stdout.write(help(io.program));
    return EXIT_OK;
  }
  if (first !== undefined) {
    io.stderr.write(`start takes no arguments.\n\n${help(io.program)}`);
    return EXIT_USAGE;
  }
  const { env, loaded, problems, warnings } = readSettings(io);
  const { stderr } = redact(io, env);
  if (loaded === undefined) {
    stderr.write(showProblems(problems, warnings));
    return EXIT_CONFIG;
  }
  try {
    return await run(loaded, warnings);
  } catch (error) {
    if (error instanceof StoreOpenError) {
      stderr.write(`STORE_URL: ${error.message}\n`);
      return EXIT_CONFIG;
    }
    // If Node printed the error, the secrets in it would not be cut out.
    const why = error instanceof ListenError ? whyNotListening(error) : inspect(error);
    stderr.write(`Cannot start: ${why}\n`);
    return EXIT_FAILED;
  }
}

async function run(loaded: Loaded, warnings: readonly string[]): Promise<number> {
  const gateway = await createGateway(loaded);
  const { logger } = gateway;
  logUncaught(gateway);
  // The reader of the log is gone, which is no reason to stop serving.
  process.stdout.on('error', () => undefined);
  gateway.metrics.withProcess();
  const stopSignal = nextSignal();
  try {
    const { url, opsUrl } = await gateway.start();
    // With PORT=0 this line is needed at any log level. `instance` is in every line.
    const { version, upstream, store, tokenFrom, clientCount } = gateway.about;
    const facts = { version, upstream, store, clients: clientCount(), tokenFrom, url, opsUrl };
    logger.child({}, { level: 'info' }).info(facts, `listening on ${url}, ops on ${opsUrl}`);
  } catch (error) {
    await gateway.stop();
    throw error;
  }
  for (const warning of warnings) logger.warn(warning);
  const signal = await stopSignal;
  logger.info({ signal }, 'stopping');
  await gateway.stop();
  logger.info('stopped');
  return EXIT_OK;
}

/** Crashes go through the log, which cuts secrets out: what Node prints could contain the token. */
function logUncaught({ logger, flushLog }: Gateway): void {
  const crash = (err: unknown) => {
    logger.fatal({ err }, 'the gateway failed');
    flushLog();
    process.exit(EXIT_FAILED);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
}
