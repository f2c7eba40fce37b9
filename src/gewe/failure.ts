import type { Outcome } from './outcome.ts';

const BEFORE_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * What an error before the answer's body means. `sent` is false only where the error proves that no byte of the
 * request can have reached the upstream: a charge is given back on no weaker evidence.
 */
export function outcomeOfError(cause: unknown): Outcome {
  const { code: given, syscall } = (cause ?? {}) as { code?: unknown; syscall?: string };
  // A DOMException has a number here.
  const code = typeof given === 'string' ? given : '';
  // llhttp's codes: something answered, but not in HTTP.
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return { kind: 'invalid', why: 'an answer that is not HTTP' };
  }
  // The same codes also come from reading and writing on a connection, where they prove nothing.
  const whileConnecting = syscall === undefined || ['connect', 'getaddrinfo'].includes(syscall);
  const neverConnected = syscall === 'connect' || (whileConnecting && BEFORE_CONNECTED.has(code));
  return neverConnected ? neverSent(cause) : { kind: 'unreachable', sent: true, cause };
}

/** For where it is proven in another way than by the error. */
export function neverSent(cause: unknown): Outcome {
  return { kind: 'unreachable', sent: false, cause };
}
