import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { httpCall } from '../../support/http-client.ts';
import { DEPLOY } from './manifests.ts';

export const BALANCER_CONFIG = join(DEPLOY, 'haproxy.cfg');

export interface Balancer {
  /** Where clients call. */
  readonly url: string;
  readonly operatorsUrl: string;
  /** The balancer's own page. */
  readonly pageUrl: string;
  /** The state of a gateway, by its number: `UP`, `DOWN`, `DRAIN`. */
  state(backend: 'ready' | 'alive', gateway: 1 | 2 | 3): Promise<string>;
  stop(): Promise<void>;
}

interface Places {
  readonly gateways: readonly [string, string, string];
  readonly ops?: readonly [string, string, string];
}

/** HAProxy with deploy/haproxy.cfg, in front of these addresses. */
export async function startBalancer({ gateways, ops = gateways }: Places): Promise<Balancer> {
  const [clients, operators, page] = [await freePort(), await freePort(), await freePort()];
  const env = {
    PATH: process.env['PATH'],
    CLIENTS_BIND: `127.0.0.1:${clients}`,
    OPERATORS_BIND: `127.0.0.1:${operators}`,
    BALANCER_BIND: `127.0.0.1:${page}`,
    ...Object.fromEntries(gateways.map((place, index) => [`GATEWAY_${index + 1}`, place])),
    ...Object.fromEntries(ops.map((place, index) => [`OPS_${index + 1}`, place])),
  };
  // In the foreground, so that it ends with its parent's terminal.
  const child = spawn('haproxy', ['-db', '-f', BALANCER_CONFIG], { env, stdio: 'ignore' });
  const ended = once(child, 'close');
  const pageUrl = `http://127.0.0.1:${page}`;
  const isUp = () =>
    httpCall(pageUrl, { method: 'GET', path: '/healthz' }).then(
      ({ status }) => status === 200,
      () => false,
    );
  if (!(await eventually(isUp))) throw new Error('haproxy does not serve');
  return {
    url: `http://127.0.0.1:${clients}`,
    operatorsUrl: `http://127.0.0.1:${operators}`,
    pageUrl,
    async state(backend, gateway) {
      const { body } = await httpCall(pageUrl, { method: 'GET', path: '/;csv' });
      const [head = '', ...lines] = body.toString().split('\n');
      const column = head.split(',').indexOf('status');
      const line = lines.find((one) => one.startsWith(`${backend},gateway-${gateway},`));
      return line?.split(',')[column] ?? '';
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
