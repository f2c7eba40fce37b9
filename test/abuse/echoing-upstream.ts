import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { wrapped } from '../support/encodings.ts';

/**
 * The place in a response that echoes the request. With `cached-list`, only the cache endpoint echoes, and
 * fetchContactsList is never answered.
 */
export const PLACES = [
  'body',
  'header',
  'content-type',
  'trailer',
  'reason',
  'early-hints',
  'redirect',
  'not-json',
  'not-http',
  'rejection',
  'cut-off',
  'never',
  'cached-list',
] as const;

const COMPRESSED = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync } as const;

/** How the upstream echoes what it received. */
export interface Echo {
  readonly place: (typeof PLACES)[number];
  readonly write: (text: string) => string;
  readonly ret: number;
  readonly compression: keyof typeof COMPRESSED | 'none';
  /** The sizes of the chunks in bytes, repeated. */
  readonly chunks: readonly number[];
}

/** Any echo. Half of them are in a successful response, which gets furthest. */
export const echoes: fc.Arbitrary<Echo> = fc.record({
  place: fc.oneof(fc.constant('body' as const), fc.constantFrom(...PLACES)),
  write: wrapped,
  ret: fc.constantFrom(200, 200, 500),
  compression: fc.oneof(
    { weight: 9, arbitrary: fc.constant('none' as const) },
    { weight: 1, arbitrary: fc.constantFrom('gzip', 'br', 'deflate') },
  ),
  chunks: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
});

export interface EchoingUpstream {
  readonly baseUrl: string;
  /** The request line and the headers of every call. */
  readonly heads: readonly string[];
  /** The same of the requests to the other server, to which its redirects lead. */
  readonly elsewhere: readonly string[];
  /** How calls for this account are answered. */
  behave(appId: string, echo: Echo): void;
  stop(): Promise<void>;
}

/** An upstream that echoes the headers and the body of a request in any place of a response and in any encoding. */
export async function startEchoingUpstream(): Promise<EchoingUpstream> {
  const echoOf = new Map<string, Echo>();
  const other = await record((_req, res) => void res.end());
  const upstream = await record((req, res) => {
    void text(req).then((body) => {
      const appId = /"appId": ?"([^"]*)"/.exec(body)?.[1] ?? '';
      const echo = echoOf.get(appId);
      if (echo === undefined) return void res.end('{"ret":500,"msg":"who?"}');
      answer(req, res, body, echo, other.url);
    });
  });
  return {
    baseUrl: `${upstream.url}/v2/api`,
    heads: upstream.heads,
    elsewhere: other.heads,
    behave: (appId, echo) => void echoOf.set(appId, echo),
    async stop() {
      await upstream.stop();
      await other.stop();
    },
  };
}

/** A server that records what it receives. */
async function record(listener: (req: IncomingMessage, res: ServerResponse) => void) {
  const heads: string[] = [];
  const server = createServer((req, res) => {
    heads.push(`${req.method} ${req.url} ${req.rawHeaders.join(' ')}`);
    listener(req, res);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    heads,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(
  req: IncomingMessage,
  res: ServerResponse,
  body: string,
  { place, write, ret, compression, chunks }: Echo,
  elsewhere: string,
): void {
  const token = String(req.headers['x-gewe-token']);
  if (place === 'cached-list' && req.url?.endsWith('/fetchContactsList')) return;
  const said = write(`${JSON.stringify(req.headers)} ${token} ${body}`);
  const json = answerBody(['body', 'cut-off', 'cached-list'].includes(place) ? said : 'ok', ret);
  const inHeader = write(token).replace(/[^\x20-\x7e]/g, '');
  const headers: Record<string, string> = {
    'Content-Type':
      place === 'content-type' ? `application/json; x="${inHeader}"` : 'application/json',
    ...(place === 'header' ? { 'X-Echo': inHeader, 'Set-Cookie': `t=${inHeader}` } : {}),
    ...(place === 'trailer' ? { Trailer: 'X-Echo' } : {}),
    ...(compression === 'none' ? {} : { 'Content-Encoding': compression }),
  };
  const bytes = compression === 'none' ? Buffer.from(json) : COMPRESSED[compression](json);
  switch (place) {
    case 'redirect':
      res.writeHead(307, { Location: `${elsewhere}/${encodeURIComponent(token)}` });
      return void res.end(said);
    case 'not-json':
      return void res.writeHead(200).end(`<h1>${said}</h1>`);
    case 'not-http':
      return void req.socket.end(`HTTP/1.1 2x0 ${inHeader}\r\nX-Echo ${inHeader}\r\n\r\n`);
    case 'rejection':
      return void res.end(
        JSON.stringify({ ret: 500, msg: `HTTP HEADER: X-GEWE-TOKEN=${token} 不可用或已过期` }),
      );
    case 'never':
      return;
    case 'cut-off':
      res.writeHead(200, { ...headers, 'Content-Length': bytes.length + 1 });
      return void res.write(bytes, () => res.destroy());
    case 'early-hints':
      res.writeEarlyHints({ link: `</${encodeURIComponent(token)}>`, 'x-echo': inHeader });
      break;
    case 'trailer':
      res.addTrailers({ 'X-Echo': inHeader });
      break;
    case 'reason':
      res.statusMessage = inHeader;
      break;
    default:
  }
  res.writeHead(200, headers);
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const end = at + (chunks[index % chunks.length] ?? 1);
    res.write(bytes.subarray(at, end));
    at = end;
  }
  res.end();
}

/** A good list with the text in its strings: unchanged if it is part of a string already, otherwise escaped as JSON. */
function answerBody(said: string, ret: number): string {
  const quoted = isJson(`"${said}"`) ? `"${said}"` : JSON.stringify(said);
  return `{"ret":${ret} ,"msg":${quoted},"data":{"friends":["a",${quoted}],"chatrooms":[],"ghs":[]},"id":90071992547409931}`;
}

function isJson(body: string): boolean {
  try {
    JSON.parse(body);
    return true;
  } catch {
    return false;
  }
}
