import type { Behaviour, Simulator } from '../../../src/simulator/simulator.ts';
import { ACCOUNTS, BIG_ACCOUNT, soakList } from './soak-requests.ts';
import { TOKEN } from '../../support/start-gateway.ts';

/** A fault of the upstream, which lasts for a part of the load. */
export type Fault =
  | { readonly kind: 'behaves'; readonly as: Behaviour }
  | { readonly kind: 'token rejected' }
  | { readonly kind: 'stopped' };

/** One after the other, with a well upstream between some of them. */
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

/** Has the upstream fail like this, and in no other way, from now on. Lists say whose they are. */
export type Inflict = (fault: Fault) => Promise<void>;

/** @param port where the simulator listens, and listens again after it was stopped */
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
    // Something in front of GEWE speaks for itself, and so does who turns the token away.
    const silent = as.html !== undefined || as.status !== undefined || fault.kind !== 'behaves';
    const operations = ['fetchContactsList', 'fetchContactsListCache'];
    for (const appId of [...ACCOUNTS, BIG_ACCOUNT]) {
      const list = silent ? {} : { raw: { body: soakList(appId) } };
      simulator.behave(appId, { ...as, ...list, operations });
    }
  };
}
