import { readFileSync } from 'node:fs';
import { MAIN, runGateway, type GatewayProcess } from '../test/support/gateway-process.ts';
import manifest from '../package.json' with { type: 'json' };

/**
 * A gateway with the flags of `npm start` and with what the image's environment gives to the C library, in a folder and
 * with settings of its own.
 */
export function startGateway(cwd: string, settings: Record<string, string>): GatewayProcess {
  const image = readFileSync(new URL('../deploy/Dockerfile', import.meta.url), 'utf8');
  const variables = [...image.matchAll(/\b(MALLOC_\w+)=(\d+)/g)];
  const flags = manifest.scripts.start.split(' ').filter((word) => word.startsWith('--'));
  return runGateway(['start'], {
    cwd,
    env: { ...Object.fromEntries(variables.map(([, name, value]) => [name, value])), ...settings },
    command: [process.execPath, ...flags, MAIN],
  });
}
