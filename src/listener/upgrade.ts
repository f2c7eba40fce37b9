import type { IncomingMessage } from 'node:http';

/**
 * The head of a request as it came, without its wish to speak another protocol: a server may ignore that
 * (RFC 9110 section 7.8). Java's HttpClient asks for h2c with each request.
 *
 * Node's parser does not go on behind such a request when nobody takes it over: it drops what came in the same segment,
 * and the answers to later requests would go out in the place of these.
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
  // Node reads a head as Latin-1: so its bytes are the same again.
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
