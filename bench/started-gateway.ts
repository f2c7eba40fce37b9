import { MAIN, runGateway, type GatewayProcess } from '../test/support/gateway-process.ts';
import manifest from '../package.json' with { type: 'json' };

/** A gateway as `npm start` runs it, with that line's variables and Node's flags, in a folder and with settings of its own. */
export function startGateway(cwd: string, settings: Record<string, string>): GatewayProcess {
  const words = manifest.scripts.start.split(' ');
  const variables = words.filter((word) => /^\w+=/.test(word)).map((word) => word.split('='));
  const flags = words.filter((word) => word.startsWith('--'));
  return runGateway(['start'], {
    cwd,
    env: { ...(Object.fromEntries(variables) as Record<string, string>), ...settings },
    command: [process.execPath, ...flags, MAIN],
  });
}
