import { Refusal, shuttingDown } from '../errors.ts';
import type { Answer, Outcome } from './outcome.ts';

/** The answer to pass on, or the refusal that stands for its absence. For operations that nothing is saved of. */
export function answerOrRefusal(outcome: Outcome): Answer | Refusal {
  switch (outcome.kind) {
    case 'answered':
      return outcome.answer;
    case 'token-rejected':
      return tokenRejected();
    case 'invalid':
      return new Refusal(
        'upstream-invalid',
        `The upstream gave ${outcome.why} instead of JSON with HTTP 2xx.`,
      );
    case 'unreachable':
      return new Refusal(
        'upstream-unreachable',
        outcome.sent
          ? 'The connection to the upstream was lost before it answered. The request may have been carried out.'
          : 'No connection to the upstream. The request was not carried out.',
        { cause: outcome.cause },
      );
    case 'timeout':
      return new Refusal(
        'upstream-timeout',
        'The upstream did not answer in time. The request may have been carried out.',
      );
    case 'aborted':
      return outcome.sent
        ? shuttingDown(
            'The gateway ended this call because it is stopping. The request may have been carried out.',
          )
        : shuttingDown();
    default:
      return outcome satisfies never;
  }
}

export function tokenRejected(): Refusal {
  return new Refusal(
    'upstream-token-rejected',
    'The upstream does not accept the token of the gateway. Its operator must renew GEWE_TOKEN; your key is fine.',
  );
}
