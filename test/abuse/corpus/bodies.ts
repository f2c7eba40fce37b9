import { BODY, CHUNKS, SMUGGLED, chunked, each, post, type BadFraming } from './requests.ts';

export const BAD_LENGTHS: readonly BadFraming[] = [
  {
    what: 'a body shorter than announced',
    bytes: post('Content-Length: 17', BODY),
    halfClose: true,
  },
  ...each(
    'Content-Length:',
    ['', '+16', '-16', '0x10', '1 6', '16.0', '16,16', '16, 17', '16;', '"16"', '1e1', '\x0b16'],
    (value) => post(`Content-Length: ${value}`),
  ),
  { what: 'a length beyond 2^64', bytes: post('Content-Length: 18446744073709551632') },
  { what: 'two lengths that differ', bytes: post('Content-Length: 16\r\nContent-Length: 0') },
  { what: 'the same length twice', bytes: post('Content-Length: 16\r\nContent-Length: 16') },
  {
    what: 'CVE-2024-27982: a space before Content-Length',
    bytes: post('X: y\r\n Content-Length: 16'),
  },
  {
    what: 'CVE-2021-22959: a space before the colon of Content-Length',
    bytes: post('Content-Length : 16'),
  },
];

export const BAD_ENCODINGS: readonly BadFraming[] = [
  {
    what: 'a length and then chunks',
    bytes: post('Content-Length: 16\r\nTransfer-Encoding: chunked', CHUNKS),
  },
  {
    what: 'chunks and then a length',
    bytes: post('Transfer-Encoding: chunked\r\nContent-Length: 16', CHUNKS),
  },
  ...each(
    'CVE-2022-32213: Transfer-Encoding:',
    [
      '',
      'xchunked',
      'chunkedx',
      'chunk',
      'identity',
      'gzip',
      'chunked, identity',
      'chunked,gzip',
      'identity, chunked',
      'gzip, chunked',
      'chunked, chunked',
      'chunked;q=1',
      'chunked,',
      ', chunked',
      '"chunked"',
      "'chunked'",
      '\x0bchunked',
      'chunked\x0b',
      'chunked\x00',
      'chu nked',
      'chun\u00adked',
    ],
    (value) => post(`Transfer-Encoding: ${value}`, CHUNKS),
  ),
  {
    what: 'CVE-2020-8287: chunked in two lines',
    bytes: post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', CHUNKS),
  },
  {
    what: 'CVE-2020-8287: identity in a second line',
    bytes: post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', CHUNKS),
  },
  {
    what: 'CVE-2022-32215: Transfer-Encoding over two lines',
    bytes: post('Transfer-Encoding: chunked\r\n , identity', CHUNKS),
  },
  {
    what: 'CVE-2022-32213: a folded chunked',
    bytes: post('Transfer-Encoding:\r\n chunked', CHUNKS),
  },
  { what: 'a tab before a folded chunked', bytes: post('Transfer-Encoding:\r\n\tchunked', CHUNKS) },
  {
    what: 'CVE-2021-22959: a space before the colon of Transfer-Encoding',
    bytes: post('Transfer-Encoding : chunked', CHUNKS),
  },
  {
    what: 'chunks in HTTP/1.0 (section 6.1)',
    bytes: post('Transfer-Encoding: chunked\r\nConnection: keep-alive', CHUNKS, 'HTTP/1.0'),
  },
];

export const BAD_CHUNKS: readonly BadFraming[] = [
  ...each(
    'a chunk size',
    ['', '0x10', '+10', '-10', ' 10', '10 ', 'g', '1 0', '10\x00', '10000000000000010'],
    (size) => chunked(`${size}\r\n${BODY}\r\n0\r\n\r\n${SMUGGLED}`),
  ),
  { what: 'a chunk longer than its size', bytes: chunked(`4\r\n${BODY}\r\n0\r\n\r\n${SMUGGLED}`) },
  {
    what: 'a chunk shorter than its size',
    bytes: chunked(`12\r\n${BODY}\r\n0\r\n\r\n${SMUGGLED}`),
  },
  { what: 'no CRLF after a chunk', bytes: chunked(`10\r\n${BODY}0\r\n\r\n${SMUGGLED}`) },
  {
    what: 'another two bytes than CRLF after a chunk',
    bytes: chunked(`10\r\n${BODY}xx0\r\n\r\n${SMUGGLED}`),
  },
  { what: 'LF alone after a chunk size', bytes: chunked(`10\n${BODY}\r\n0\r\n\r\n${SMUGGLED}`) },
  { what: 'LF alone after a chunk', bytes: chunked(`10\r\n${BODY}\n0\r\n\r\n${SMUGGLED}`) },
  { what: 'LF alone after the last chunk', bytes: chunked(`10\r\n${BODY}\r\n0\n\n${SMUGGLED}`) },
  { what: 'CR alone after a chunk size', bytes: chunked(`10\r${BODY}\r\n0\r\n\r\n${SMUGGLED}`) },
  {
    what: 'CVE-2021-22960: LF in a chunk extension',
    bytes: chunked(`10;a\nb\r\n${BODY}\r\n0\r\n\r\n${SMUGGLED}`),
  },
  { what: 'CR in a chunk extension', bytes: chunked(`10;a\rb\r\n${BODY}\r\n0\r\n\r\n${SMUGGLED}`) },
  {
    what: 'CVE-2024-22019: an endless chunk extension',
    bytes: chunked(`10;${'a'.repeat(20_000)}\r\n${BODY}\r\n0\r\n\r\n${SMUGGLED}`),
    statuses: [413],
  },
  {
    what: 'endless trailers',
    bytes: chunked(`10\r\n${BODY}\r\n0\r\nX: ${'x'.repeat(20_000)}\r\n\r\n${SMUGGLED}`),
    statuses: [431],
  },
  {
    what: 'a folded trailer',
    bytes: chunked(`10\r\n${BODY}\r\n0\r\nX: y\r\n z\r\n\r\n${SMUGGLED}`),
  },
  { what: 'no last chunk', bytes: chunked(`10\r\n${BODY}\r\n`), halfClose: true },
];
