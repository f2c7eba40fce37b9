import type { Outcome } from './outcome.ts';

/** undici closes the connection at an unexpected interim answer. Only these messages tell it from other errors. */
const UNDICI_GIVES_UP_AT: ReadonlyMap<string, string> = new Map([
  ['bad response', '100 Continue'],
  ['bad upgrade', '101 Switching Protocols'],
]);

const NOT_HTTP = /^(?:HPE_|UND_ERR_HEADERS_OVERFLOW$|UND_ERR_RES_CONTENT_LENGTH_MISMATCH$)/;

/**
 * What an error before the head of an answer means.
 *
 * @param sent false only if it is proven that not a byte of the request can have reached the upstream: a charge is
 *   given back on no weaker evidence
 */
export function outcomeOfError(cause: Error, sent: boolean): Outcome {
  const { code, name, message } = cause as NodeJS.ErrnoException;
  // Something answered, but not in HTTP. undici's parser has codes of llhttp, or none.
  if (name === 'HTTPParserError' || NOT_HTTP.test(code ?? '')) {
    return { kind: 'invalid', why: 'an answer that is not HTTP' };
  }
  const interim = code === 'UND_ERR_SOCKET' ? UNDICI_GIVES_UP_AT.get(message) : undefined;
  return interim === undefined ? { kind: 'unreachable', sent, cause } : interimAnswer(interim);
}

/**
 * An interim answer (RFC 9110 section 15.2), after which undici does not read the final one.
 *
 * @param name its status, such as `100 Continue`
 */
function interimAnswer(name: string): Outcome {
  return {
    kind: 'invalid',
    why: `an interim answer (${name}) that the gateway cannot read past`,
    status: Number.parseInt(name, 10),
  };
}
