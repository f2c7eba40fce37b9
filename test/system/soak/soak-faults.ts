import type { Behaviour, Simulator } from '../../../src/simulator/simulator.ts';
import { ACCOUNTS, BIG_ACCOUNT, soakList } from './soak-requests.ts';
import { TOKEN } from '../../support/start-gateway.ts';

/** A fault of the upstream, which lasts for a part of the load. */
export type Fault =
  | { readonly kind: 'behaves'; readonly as: Behaviour }
  | { readonly kind: 'token rejected' }
  | { readonly kind: 'stopped' };

/** In sequence, with a working upstream between some of them. */
export const FAULTS: readonly Fault[] = [
  { kind: 'behaves', as: {} },
  { kind: 'behaves', as: { hang: true } },
  { kind: 'behaves', as: {} },
  { kind: 'behaves', as: { reset: true } },
  { kind: 'behaves', as: { delayMs: 60 } },
  { kind: 'behaves', as: { cutAfterBytes: 20 } },
  { kind: 'token rejected' },
  { kind: 'behaves', as: { html: true, status: 502 } },
  { kind: 'behaves', as: { dripMs: 1 } },
  { kind: 'stopped' },
  { kind: 'behaves', as: { status: 503 } },
  { kind: 'behaves', as: {} },
];

/** Makes the upstream fail in this way only, from now on. Lists contain their account. */
export type Inflict = (fault: Fault) => Promise<void>;

/** @param port the port of the simulator, also after a restart */
export function faultsOf(simulator: Simulator, port: number): Inflict {
  let running = true;
  return async (fault) => {
    const runs = fault.kind !== 'stopped';
    if (running && !runs) await simulator.stop();
    if (!running && runs) await simulator.start(port);
    running = runs;
    const as = fault.kind === 'behaves' ? fault.as : {};
    simulator.setToken(fault.kind === 'token rejected' ? 'tok-another-one' : TOKEN);
    simulator.behave('*', as);
    // A front proxy and a rejected token give their own responses.
    const silent = as.html !== undefined || as.status !== undefined || fault.kind !== 'behaves';
    const operations = ['fetchContactsList', 'fetchContactsListCache'];
    for (const appId of [...ACCOUNTS, BIG_ACCOUNT]) {
      const list = silent ? {} : { raw: { body: soakList(appId) } };
      simulator.behave(appId, { ...as, ...list, operations });
    }
  };
}
