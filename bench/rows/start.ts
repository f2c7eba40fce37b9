/** How long the gateway takes to be ready, and how much memory it has then. */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { inFolder } from '../setup/folder.ts';
import { startGateway } from '../setup/built-gateway.ts';
import type { Bench } from './bench.ts';
import { residentMb } from './resident-memory.ts';

/** What a start leaves behind has been tidied up by then. */
const SETTLED_MS = 1000;

export const gatewayStart: Bench = {
  names: ['start', 'start-memory'],
  needs: ['taskset'],
  onTwoCores: true,
  async measure(wanted, { rounds }) {
    const [seconds, mb]: [number[], number[]] = [[], []];
    await inFolder(async (folder) => {
      for (let round = 0; round < rounds; round += 1) {
        const settings = { GEWE_BASE_URL: 'http://127.0.0.1:9' };
        const gateway = await startGateway(join(folder, String(round)), settings, 'servers');
        await setTimeout(SETTLED_MS);
        seconds.push(gateway.readyAfterMs / 1000);
        mb.push(residentMb(gateway.pid).now);
        await gateway.stop();
      }
    });
    const context = 'on a new SQLite file';
    return [
      {
        name: 'start',
        what: 'from the start to ready',
        unit: 's' as const,
        goal: { atMost: 0.6 },
        values: seconds,
        context,
      },
      {
        name: 'start-memory',
        what: 'resident after the start',
        unit: 'MB' as const,
        goal: { atMost: 90 },
        values: mb,
        context,
      },
    ].filter(({ name }) => wanted.has(name));
  },
};
