import { CHUNKS, SMUGGLED, each, get, post, type BadFraming } from './requests.ts';

export const BAD_HEADERS: readonly BadFraming[] = [
  {
    what: 'headers that end before their end',
    bytes: 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n',
    halfClose: true,
  },
  { what: 'no Host (section 3.2)', bytes: get('GET /healthz HTTP/1.1') },
  { what: 'two Hosts', bytes: get('GET /healthz HTTP/1.1', 'Host: localhost', 'Host: evil.test') },
  {
    what: 'the same Host twice',
    bytes: get('GET /healthz HTTP/1.1', 'Host: localhost', 'Host: localhost'),
  },
  ...each(
    'Host:',
    ['a b', 'a/b', 'user@a', 'a\\b', 'a#b', 'a?b', 'a:b', 'a:1:2', '[::1', 'http://a'],
    (host) => get('GET /healthz HTTP/1.1', `Host: ${host}`),
  ),
  {
    what: 'obsolete folding (section 5.2)',
    bytes: get('GET /healthz HTTP/1.1', 'Host: localhost', 'X: y', ' z'),
  },
  {
    what: 'folding before the first header',
    bytes: get('GET /healthz HTTP/1.1', ' Host: localhost', 'X: y'),
  },
  {
    what: 'CVE-2022-32214: LF alone before Transfer-Encoding',
    bytes: post('X: y\nTransfer-Encoding: chunked', CHUNKS),
  },
  {
    what: 'CVE-2023-30589: CR alone before Transfer-Encoding',
    bytes: post('X: y\rTransfer-Encoding: chunked', CHUNKS),
  },
  {
    what: 'CVE-2023-30589: CR alone at the start of a value',
    bytes: post('X: \rTransfer-Encoding: chunked', CHUNKS),
  },
  {
    what: 'CVE-2022-35256: a header without its CRLF',
    bytes: get('GET /healthz HTTP/1.1', 'Host: localhost', 'X\r\nTransfer-Encoding: chunked'),
  },
  { what: 'CR CR LF', bytes: 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: y\r\r\n\r\n' },
  { what: 'CRLF CR and no LF', bytes: `GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r${SMUGGLED}` },
  { what: 'LF alone everywhere', bytes: `GET /healthz HTTP/1.1\nHost: localhost\n\n${SMUGGLED}` },
  {
    what: 'LF alone at the end',
    bytes: `GET /healthz HTTP/1.1\r\nHost: localhost\r\n\n${SMUGGLED}`,
  },
  { what: 'no colon', bytes: get('GET /healthz HTTP/1.1', 'Host: localhost', 'X') },
  { what: 'no name', bytes: get('GET /healthz HTTP/1.1', 'Host: localhost', ': x') },
  ...each('a name', ['X Y', 'X\x00', 'X\x7f', 'X\xe9', '(X)', 'X\t', '"X"'], (name) =>
    get('GET /healthz HTTP/1.1', 'Host: localhost', `${name}: y`),
  ),
  ...each('a value', ['y\x00z', 'y\x07z', 'y\x7fz'], (value) =>
    get('GET /healthz HTTP/1.1', 'Host: localhost', `X: ${value}`),
  ),
  {
    what: 'one header of 20 KB',
    bytes: get('GET /healthz HTTP/1.1', 'Host: localhost', `X: ${'x'.repeat(20_000)}`),
    statuses: [431],
  },
  {
    what: 'a name of 20 KB',
    bytes: get('GET /healthz HTTP/1.1', 'Host: localhost', `${'x'.repeat(20_000)}: y`),
    statuses: [431],
  },
  {
    what: 'headers without an end',
    bytes: `GET /healthz HTTP/1.1\r\n${'X: y\r\n'.repeat(20_000)}`,
    statuses: [431],
  },
  {
    what: '101 headers',
    bytes: get('GET /healthz HTTP/1.1', 'Host: localhost', ...Array<string>(100).fill('X: y')),
    statuses: [431],
  },
  {
    what: '3000 headers without a value',
    bytes: get('GET /healthz HTTP/1.1', 'Host: localhost', ...Array<string>(2999).fill('X:')),
    statuses: [431],
  },
];

export const BAD_FIRST_LINES: readonly BadFraming[] = [
  ...each(
    'the first line',
    [
      'GET\t/healthz\tHTTP/1.1',
      'GET /healthz HTTP/1.1 ',
      'GET /health z HTTP/1.1',
      'GET /healthz\x00 HTTP/1.1',
      'GET /healthz\x7f HTTP/1.1',
      'GET /healthz\r HTTP/1.1',
      'GET healthz HTTP/1.1',
      'GET http://[ HTTP/1.1',
      'get /healthz HTTP/1.1',
      'SMUGGLE /healthz HTTP/1.1',
      'GET /healthz http/1.1',
      'GET /healthz HTTP/0.9',
      'GET /healthz HTTP/1.2',
      'GET /healthz HTTP/2.0',
      'GET /healthz HTTP/3.0',
      'GET /healthz HTTP/11',
      'GET /healthz HTTP/1.1.',
      'GET /healthz ICE/1.0',
      'GET /healthz',
      'GET',
      'HTTP/1.1 200 OK',
      'SSH-2.0-OpenSSH_9.6',
      'PROXY TCP4 127.0.0.1 127.0.0.1 1 2',
      'hello',
      '\x00',
    ],
    (line) => get(line, 'Host: localhost'),
  ),
  { what: 'HTTP/0.9', bytes: `GET /healthz\r\n${SMUGGLED}` },
  { what: 'an empty line of HTTP/0.9', bytes: `GET /healthz\r\n\r\n${SMUGGLED}` },
  { what: 'the preface of HTTP/2', bytes: `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${SMUGGLED}` },
  {
    what: 'a ClientHello of TLS',
    bytes: `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${'\x00'.repeat(32)}`,
  },
  {
    what: 'a target of 20 KB',
    bytes: get(`GET /${'x'.repeat(20_000)} HTTP/1.1`, 'Host: localhost'),
    statuses: [431],
  },
  { what: 'a first line without an end', bytes: 'G'.repeat(200_000) },
  {
    what: 'CONNECT',
    bytes: get('CONNECT upstream.test:80 HTTP/1.1', 'Host: upstream.test:80'),
    statuses: [405],
  },
];
