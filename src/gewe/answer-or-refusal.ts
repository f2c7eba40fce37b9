import { Refusal, shuttingDown } from '../errors.ts';
import type { Answer, Outcome } from './outcome.ts';

/** The answer to pass on, or the refusal if there is none. For operations without a saved answer. */
export function answerOrRefusal(outcome: Outcome): Answer | Refusal {
  switch (outcome.kind) {
    case 'answered':
      return outcome.answer;
    case 'token-rejected':
      return tokenRejected();
    case 'invalid':
      return new Refusal('upstream-invalid', describeInvalid(outcome));
    case 'unreachable':
      return new Refusal(
        'upstream-unreachable',
        outcome.sent
          ? 'The connection to the upstream was lost before it answered. The request may have been carried out.'
          : 'The gateway could not connect to the upstream. The request was not carried out.',
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

/** What the upstream returned instead of an answer, and the likely cause if the status suggests one. */
export function describeInvalid({ why, status }: Extract<Outcome, { kind: 'invalid' }>): string {
  const expected = status !== undefined && status >= 300 ? ' instead of JSON with HTTP 2xx' : '';
  return `The upstream returned ${why}${expected}.${likelyCause(status)}`;
}

function likelyCause(status: number | undefined): string {
  if (status === undefined) return '';
  if (status >= 300 && status <= 399) {
    return ' Redirects are not followed: GEWE_BASE_URL should be the address that it leads to.';
  }
  if (status === 404 || status === 405) {
    return ' It has no such path: GEWE_BASE_URL probably lacks /v2/api (self-hosted) or /gewe/v2/api, or has path segments too many.';
  }
  if (status === 401 || status === 403 || status === 407) {
    return ' Something in front of it requires credentials other than the token, or blocks this gateway.';
  }
  return status >= 500 ? ' A proxy in front of it probably could not get an answer from GEWE.' : '';
}

export function tokenRejected(): Refusal {
  return new Refusal(
    'upstream-token-rejected',
    "The upstream rejected the gateway's token. The operator must renew GEWE_TOKEN; your key is fine.",
  );
}
