/** What the upstream does with one addContacts, and the outcome that the contract requires. */
import type { Behaviour } from '../../../src/simulator/simulator.ts';

export type Upstream =
  | 'fine'
  | 'gewe-refusal'
  | 'broken'
  | 'reset'
  | 'hanging'
  | 'not-listening'
  | 'rejecting-the-token';

export interface UpstreamOutcome {
  readonly behaviour: Behaviour;
  readonly answer: { readonly status: number; readonly ret: number; readonly code?: string };
  /** If not, the attempt is refunded. */
  readonly isReached: boolean;
  /** Whether checkOnline confirms that the account is online. */
  readonly saysOnline: boolean;
  /** Whether the response is kept for its Idempotency-Key, because the request may have been carried out. */
  readonly isKept: boolean;
}

const failed = (status: number, code: string) => ({ status, ret: status, code });
const onlyAdds = { operations: ['addContacts'] };
const carriedOut = { isReached: true, saysOnline: true, isKept: true };

export const OUTCOMES: Readonly<Record<Upstream, UpstreamOutcome>> = {
  fine: { ...carriedOut, behaviour: {}, answer: { status: 200, ret: 200 } },
  'gewe-refusal': {
    ...carriedOut,
    saysOnline: false,
    behaviour: { accountOffline: true },
    answer: { status: 200, ret: 500 },
  },
  broken: {
    ...carriedOut,
    behaviour: { ...onlyAdds, status: 503 },
    answer: failed(502, 'upstream-invalid'),
  },
  reset: {
    ...carriedOut,
    behaviour: { ...onlyAdds, reset: true },
    answer: failed(502, 'upstream-unreachable'),
  },
  hanging: {
    ...carriedOut,
    behaviour: { ...onlyAdds, hang: true },
    answer: failed(504, 'upstream-timeout'),
  },
  'not-listening': {
    behaviour: {},
    answer: failed(502, 'upstream-unreachable'),
    isReached: false,
    saysOnline: false,
    isKept: false,
  },
  'rejecting-the-token': {
    behaviour: {},
    answer: failed(502, 'upstream-token-rejected'),
    isReached: true,
    saysOnline: false,
    isKept: false,
  },
};
