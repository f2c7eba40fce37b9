/**
 * The first part of the composition root: the secrets, the watches on their files, and logging and metrics, which never
 * reveal them.
 */
import type { Clock } from './time.ts';
import { createScrubber } from './gewe/scrub.ts';
import { createTokenSource } from './gewe/token.ts';
import { createInstance } from './ops/instance.ts';
import { createLog, type Destination } from './ops/log.ts';
import { openLogFormat } from './ops/log-format.ts';
import { createMetrics } from './ops/metrics.ts';
import { createReporter } from './ops/reporter.ts';
import { watchClients } from './settings/clients-file.ts';
import type { Loaded } from './settings/load.ts';
import { openTokenPlace } from './settings/token.ts';

interface Surroundings {
  readonly clock: Clock;
  /** Where log lines go; standard output where it is undefined. */
  readonly logTo: Destination | undefined;
  listCallsUnderWay(): number;
}

/** Opens the upstream token and the clients' keys, which change with their files until `watches` are stopped. */
export async function openSecrets(
  { settings, secrets, clients: loadedClients, program }: Loaded,
  { clock, logTo = process.stdout, listCallsUnderWay }: Surroundings,
) {
  const scrubber = createScrubber(() => tokens.known());
  const metrics = createMetrics({
    listCallsUnderWay,
    tokenRejected: () => tokens.isRejected(),
    watchedFiles: () => watchedFiles(),
  });
  const instance = createInstance(settings.instance, settings.port);
  const { logger, flush: flushLog } = createLog({
    level: settings.logLevel,
    instance: instance.name,
    scrub: scrubber.text,
    format: await openLogFormat(settings.logFormat, logTo),
    destination: logTo,
    onDropped: metrics.logLinesDropped,
  });
  const report = createReporter(logger, metrics, clock, settings.geweBaseUrl);

  const tokenPlace = openTokenPlace(secrets.token);
  const tokens = createTokenSource(tokenPlace.first, tokenPlace.read, report.token);
  const tokenWatch = tokenPlace.watch(() => void tokens.refresh(tokens.current()));
  const clients = watchClients(
    loadedClients,
    {
      file: settings.clientsFile,
      keys: secrets.keys,
      requestsPerMinute: settings.clientRequestsPerMinute,
      upstreamToken: () => tokens.current(),
      program,
    },
    report.clients,
  );
  const watches = [clients, tokenWatch];
  const watchedFiles = () => ({ clients: clients.isTakenOver(), token: tokens.isTakenOver() });
  const secretsAndLog = { scrubber, tokens, clients, logger, flushLog, metrics, report };
  return { ...secretsAndLog, instance, watches, watchedFiles };
}
