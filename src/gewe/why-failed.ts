import type { Outcome } from './outcome.ts';

type Failure = Exclude<Outcome, { kind: 'answered' }>;

/** In characters: one line of a terminal or two. */
const LONGEST = 200;

/**
 * Why a call failed, for the log: one short line without a stack, such as `ECONNREFUSED 10.0.0.1:2531`.
 *
 * @param deadlineMs of the call, milliseconds
 */
export function whyFailed(outcome: Failure, deadlineMs: number): string {
  switch (outcome.kind) {
    case 'invalid':
      return outcome.why;
    case 'timeout':
      return `no answer within ${Math.round(deadlineMs)} ms`;
    case 'unreachable':
      return cutOff(whyUnreachable(outcome.cause));
    case 'token-rejected':
      return 'the upstream rejects the token';
    case 'aborted':
      return 'its caller left, or the gateway stops';
    default:
      return outcome satisfies never;
  }
}

function whyUnreachable(cause: unknown): string {
  const error = (cause ?? {}) as SystemError;
  // One error for each address that was tried.
  if (Array.isArray(error.errors) && error.errors.length > 0) {
    return [...new Set(error.errors.map(whyUnreachable))].join(', ');
  }
  const { code, message = 'an unknown error' } = error;
  const place = placeOf(error);
  if (code === undefined) return message;
  return place === undefined ? `${code}: ${message}` : `${code} ${place}`;
}

/** What errors of Node and undici may have. */
interface SystemError {
  readonly message?: string;
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly errors?: readonly unknown[];
}

function placeOf({ address, port, hostname }: SystemError): string | undefined {
  if (address === undefined) return hostname;
  const host = address.includes(':') ? `[${address}]` : address;
  return port === undefined ? host : `${host}:${port}`;
}

function cutOff(text: string): string {
  const [line = ''] = text.split('\n', 1);
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1)}…`;
}
