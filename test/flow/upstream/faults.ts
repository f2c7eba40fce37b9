import type { Socket } from 'node:net';
import { GOOD_LIST, wire, type Manner } from '../../support/raw-upstream.ts';

/** How the gateway classifies a response. */
export type Kind =
  /** A reset or an end before any answer. */
  | 'lost'
  /** Something that is not HTTP 2xx with JSON, or not all of it. */
  | 'invalid'
  /** No whole answer within the deadline. */
  | 'late'
  /** A status below 500 that is not 2xx: something was reached, and it is not GEWE's API. */
  | 'wrong status'
  /** GEWE's word on an account: JSON whose `ret` is not 200. */
  | 'verdict'
  /** JSON whose `ret` is 200, without a good list. */
  | 'no list'
  /** JSON without it. */
  | 'no verdict';

export interface Fault {
  /** A phrase whose subject is the upstream. */
  readonly name: string;
  readonly kind: Kind;
  readonly manner: Manner;
}

/** With keep-alive, the next request could meet a different fault on a connection that is just closing. */
const CLOSE = 'Connection: close\r\n';
const HEAD = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${CLOSE}`;
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const PROCESSING = 'HTTP/1.1 102 Processing\r\n\r\n';
const EARLY_HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
const JSON_200 = '{"ret":200}';

const says =
  (bytes: string | Buffer): Manner =>
  (socket) =>
    void socket.write(bytes);
const saysAndEnds =
  (bytes: string | Buffer): Manner =>
  (socket) =>
    void socket.end(bytes);
const saysAndResets =
  (bytes: string): Manner =>
  (socket) =>
    void socket.write(bytes, () => socket.resetAndDestroy());

/** The same bytes repeated without an end: far more than should be kept in memory, too few to load the machine. */
const pours =
  (beginning: string, piece: string): Manner =>
  (socket) => {
    const pieces = piece.repeat(Math.ceil(16_384 / piece.length));
    socket.write(beginning);
    repeat(socket, 60, () => pieces);
  };

/** Byte by byte, so that it is never silent for long and never done in time. */
const drips =
  (bytes: string): Manner =>
  (socket) => {
    const left = [...bytes];
    repeat(socket, 50, () => left.shift() ?? ' ');
  };

function repeat(socket: Socket, everyMs: number, next: () => string): void {
  const timer = setInterval(() => {
    if (!socket.writableNeedDrain) socket.write(next());
  }, everyMs);
  socket.on('close', () => clearInterval(timer));
}

function faults(kind: Kind, table: Readonly<Record<string, Manner>>): Fault[] {
  return Object.entries(table).map(([name, manner]) => ({ name, kind, manner }));
}

/** Everything that an upstream can do to a request that it has read. Names are unique. */
export const FAULTS: readonly Fault[] = [
  ...faults('lost', {
    resets: saysAndResets(''),
    'closes without a word': saysAndEnds(''),
    'resets within the status line': saysAndResets('HTTP/1.1 20'),
    'closes within the status line': saysAndEnds('HTTP/1.1 20'),
    'closes within a header': saysAndEnds('HTTP/1.1 200 OK\r\nContent-Ty'),
    'resets within a header': saysAndResets('HTTP/1.1 200 OK\r\nContent-Ty'),
    'closes after a 103': saysAndEnds(EARLY_HINTS),
  }),
  ...faults('late', {
    'says nothing': says(''),
    'hangs within the status line': says('HTTP/1.1 20'),
    'hangs after the status line': says('HTTP/1.1 200 OK\r\n'),
    'hangs within a header': says('HTTP/1.1 200 OK\r\nContent-Ty'),
    'hangs after the head': says(`${HEAD}Content-Length: 11\r\n\r\n`),
    'hangs in mid-body': says(`${HEAD}Content-Length: 11\r\n\r\n{"ret"`),
    'hangs before the last chunk': says(`${CHUNKED}b\r\n${JSON_200}\r\n`),
    'hangs within the trailers': says(`${CHUNKED}b\r\n${JSON_200}\r\n0\r\nX-Late: `),
    'announces more than it sends, and keeps the connection': says(
      `${HEAD}Content-Length: 12\r\n\r\n${JSON_200}`,
    ),
    'drips every byte': drips(wire(`${JSON_200}${' '.repeat(1000)}`)),
    'drips whitespace': drips(`${HEAD}Content-Length: 10000\r\n\r\n`),
    'sends 102 for ever': pours('', PROCESSING),
    'sends 103 for ever': pours('', EARLY_HINTS),
    'sends one byte chunks for ever': pours(CHUNKED, '1\r\n \r\n'),
    'sends a chunk extension for ever': pours(`${CHUNKED}b;`, 'x'),
  }),
  ...faults('invalid', {
    'closes after the head': saysAndEnds(`${HEAD}Content-Length: 11\r\n\r\n`),
    'closes in mid-body': saysAndEnds(`${HEAD}Content-Length: 11\r\n\r\n{"ret"`),
    'announces more than it sends': saysAndEnds(`${HEAD}Content-Length: 12\r\n\r\n${JSON_200}`),
    'announces less than it sends': saysAndEnds(`${HEAD}Content-Length: 10\r\n\r\n${JSON_200}`),
    'announces two lengths': saysAndEnds(
      `${HEAD}Content-Length: 11\r\nContent-Length: 10\r\n\r\n${JSON_200}`,
    ),
    'announces no number': saysAndEnds(`${HEAD}Content-Length: eleven\r\n\r\n${JSON_200}`),
    'announces a length and chunks': saysAndEnds(
      `${HEAD}Content-Length: 11\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n${JSON_200}\r\n0\r\n\r\n`,
    ),
    'breaks a chunk': saysAndEnds(`${CHUNKED}b\r\n${JSON_200}zz\r\n0\r\n\r\n`),
    'sends a chunk without a size': saysAndEnds(`${CHUNKED}x\r\n${JSON_200}\r\n0\r\n\r\n`),
    'leaves out the last chunk': saysAndEnds(`${CHUNKED}b\r\n${JSON_200}\r\n`),
    'sends trailers for ever': pours(`${CHUNKED}b\r\n${JSON_200}\r\n0\r\n`, 'X-Late: yes\r\n'),
    'sends headers for ever': pours('HTTP/1.1 200 OK\r\n', 'X-More: yes\r\n'),
    'sends a header for ever': pours('HTTP/1.1 200 OK\r\nX: ', 'x'),
    'speaks another protocol': saysAndEnds('220 smtp ready\r\n'),
    'answers with 204': saysAndEnds(`HTTP/1.1 204 No Content\r\n${CLOSE}\r\n`),
    'answers with 204 and a body': saysAndEnds(wire(JSON_200, '204 No Content')),
    'answers with 205 and no body': saysAndEnds(wire('', '205 Reset Content')),
    'answers with 500': saysAndEnds(wire(JSON_200, '500 Internal Server Error')),
    'answers with 502 and a page': saysAndEnds(wire('<h1>502 Bad Gateway</h1>', '502 Bad Gateway')),
    'answers with 503': saysAndEnds(wire(JSON_200, '503 Service Unavailable')),
    'answers with 999': saysAndEnds(wire(JSON_200, '999 What')),
    'answers with nothing': saysAndEnds(wire('')),
    'answers with a page': saysAndEnds(wire('<html><body>Welcome to nginx!</body></html>')),
    'answers with half of a JSON text': saysAndEnds(wire('{"ret":200,"data":{"friends":["a"')),
    'answers with two JSON texts': saysAndEnds(wire(JSON_200 + JSON_200)),
  }),
  ...faults('wrong status', {
    // undici closes the connection on a 100, which it never asks for. RFC 9110 section 15.2 says to continue reading.
    'answers after a 100': saysAndEnds(`${CONTINUE}${wire(JSON_200)}`),
    'hangs after a 100': says(CONTINUE),
    'switches to another protocol': says(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    ),
    'answers with 304': saysAndEnds(`HTTP/1.1 304 Not Modified\r\n${CLOSE}\r\n`),
    'answers with 304 and a body': saysAndEnds(wire(JSON_200, '304 Not Modified')),
    redirects: saysAndEnds(
      wire(JSON_200, '307 Temporary Redirect', ['Location: /elsewhere', 'Connection: close']),
    ),
    'answers with 404': saysAndEnds(wire(JSON_200, '404 Not Found')),
  }),
  ...faults('no list', {
    'answers after a 102 and a 103': saysAndEnds(`${PROCESSING}${EARLY_HINTS}${wire(JSON_200)}`),
    'answers with 205 and a body': saysAndEnds(wire(JSON_200, '205 Reset Content')),
    'answers without a length and closes': saysAndEnds(`${HEAD}\r\n${JSON_200}`),
    'answers twice': saysAndEnds(wire(JSON_200) + wire('{"ret":201}')),
    'has text for data': saysAndEnds(wire('{"ret":200,"data":"friends"}')),
    'has a number for data': saysAndEnds(wire('{"ret":200,"data":7}')),
    'has a list for data': saysAndEnds(wire('{"ret":200,"data":["friends","chatrooms","ghs"]}')),
    'has an object for friends': saysAndEnds(
      wire('{"ret":200,"data":{"friends":{"0":"a"},"chatrooms":["b"],"ghs":[]}}'),
    ),
    'gives a list that has turned empty': saysAndEnds(
      wire('{"ret":200,"data":{"friends":[],"chatrooms":[],"ghs":[]}}'),
    ),
  }),
  ...faults('verdict', {
    'has 500 for ret': saysAndEnds(wire(GOOD_LIST.replace('200', '500'))),
    'has text for ret': saysAndEnds(wire(GOOD_LIST.replace('200', '"500"'))),
  }),
  ...faults('no verdict', {
    'has no ret': saysAndEnds(wire('{"data":{"friends":["a"],"chatrooms":[],"ghs":[]}}')),
    'has null for ret': saysAndEnds(wire('{"ret":null}')),
    'has true for ret': saysAndEnds(wire('{"ret":true}')),
    'has a list for ret': saysAndEnds(wire('{"ret":[200]}')),
    'answers with a list': saysAndEnds(wire('[{"ret":200}]')),
    'answers with text': saysAndEnds(wire('"ret 200"')),
    'answers with null': saysAndEnds(wire('null')),
  }),
];
