import type { IncomingMessage } from 'node:http';

/**
 * The head of a request without its Upgrade header, otherwise as it came. A server may ignore that header
 * (RFC 9110 section 7.8). Java's HttpClient asks for h2c with every request.
 *
 * If nobody takes over a connection, Node's parser does not continue behind such a request: it drops the bytes that came
 * in the same segment, and the responses to later requests would be taken for responses to these.
 */
export function withoutUpgrade({
  method = '',
  url = '',
  httpVersion,
  rawHeaders,
}: Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'rawHeaders'>): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${rawHeaders[at + 1]}`);
  }
  // Node reads heads as Latin-1, so these are the original bytes.
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
