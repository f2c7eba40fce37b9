/** Sends responses: which bytes, and how badly. Reads requests. */
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Behaviour } from './behaviour.ts';
import type { Envelope } from './answers.ts';
import type { Timers } from './timers.ts';

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
}

/**
 * The response of something in front of GEWE, which checks neither token nor body; undefined if the call goes
 * through to GEWE.
 */
export function frontAnswer(behaviour: Behaviour): WireAnswer | undefined {
  const { status, html, redirectTo, raw } = behaviour;
  if (raw !== undefined) {
    const contentType = raw.contentType ?? 'application/json';
    return {
      status: status ?? 200,
      headers: {
        ...(contentType === '' ? {} : { 'content-type': contentType }),
        ...raw.headers,
      },
      body: Buffer.from(raw.body),
    };
  }
  if (html !== undefined && html !== false) {
    const page = html === true ? proxyPage(status ?? 200) : html;
    return {
      status: status ?? 200,
      headers: { 'content-type': 'text/html; charset=utf-8' },
      body: Buffer.from(page),
    };
  }
  if (redirectTo !== undefined) {
    return { status: status ?? 302, headers: { location: redirectTo }, body: Buffer.alloc(0) };
  }
  if (behaviour.empty) {
    return {
      status: status ?? 200,
      headers: { 'content-type': 'application/json' },
      body: Buffer.alloc(0),
    };
  }
  return status !== undefined && status >= 300 && !choosesEnvelope(behaviour)
    ? jsonAnswer({ ret: status, msg: STATUS_CODES[status] ?? 'Unknown' }, status)
    : undefined;
}

/** A JSON response, with `headers` beside those of its content. */
export function jsonAnswer(
  content: Envelope | object,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): WireAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(content)),
  };
}

/** Sends the response as well or as badly as `behaviour` says. Does nothing if the caller has left. */
export function send(
  res: ServerResponse,
  answer: WireAnswer,
  behaviour: Behaviour,
  timers: Timers,
): void {
  const { socket } = res;
  if (res.destroyed || socket === null || behaviour.hang) return;
  if (behaviour.reset) {
    socket.resetAndDestroy();
    return;
  }
  const { cutAfterBytes, dripMs } = behaviour;
  const announced = cutAfterBytes === undefined ? answer.body.length : atLeastOne(answer.body);
  writeHead(res, answer, announced);
  if (cutAfterBytes !== undefined) {
    res.flushHeaders();
    res.write(answer.body.subarray(0, Math.min(cutAfterBytes, announced - 1)));
    // Not destroy(): the bytes so far must reach the caller.
    socket.destroySoon();
  } else if (dripMs !== undefined) {
    drip(res, answer.body, dripMs, timers);
  } else {
    res.end(answer.body);
  }
}

function writeHead(res: ServerResponse, answer: WireAnswer, announcedBytes: number): void {
  res.statusCode = answer.status;
  // RFC 9110 section 8.6: a 204 has no Content-Length.
  if (answer.status !== 204) res.setHeader('content-length', announcedBytes);
  for (const [name, value] of Object.entries(answer.headers)) {
    res.setHeader(name, value);
    if (name.toLowerCase() === 'transfer-encoding') res.removeHeader('content-length');
  }
}

/** A response that is cut off declares more bytes than it sends, even if there was nothing to send. */
function atLeastOne(body: Buffer): number {
  return Math.max(1, body.length);
}

function drip(res: ServerResponse, body: Buffer, dripMs: number, timers: Timers): void {
  let sent = 0;
  res.flushHeaders();
  timers.every(dripMs, () => {
    if (res.destroyed) return false;
    if (sent < body.length) res.write(body.subarray(sent, sent + 1));
    sent += 1;
    if (sent < body.length) return true;
    res.end();
    return false;
  });
}

function choosesEnvelope(behaviour: Behaviour): boolean {
  return (
    behaviour.friends !== undefined ||
    behaviour.accountOffline === true ||
    behaviour.deviceMissing === true ||
    behaviour.echoToken === true
  );
}

function proxyPage(status: number): string {
  const title = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
  return (
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n` +
    `<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`
  );
}

const MOST_BODY_BYTES = 64 * 1024 * 1024;
const BASE = /^(?:\/gewe)?\/v2\/api\/(.*)$/;

/** The path of a request target, without its query. */
export function pathnameOf(target: string): string {
  const [pathname = ''] = target.split('?');
  return pathname;
}

/** The path after the base, such as `contacts/addContacts`; undefined if it does not begin with a base. */
export function operationOf(pathname: string): string | undefined {
  return BASE.exec(pathname)?.[1];
}

/** Calls `done` with the whole body, or with undefined if it is too large. Does not call it if the caller leaves early. */
export function readBody(req: IncomingMessage, done: (body: Buffer | undefined) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // A caller that leaves halfway is no error of the simulator.
  req.on('error', () => undefined);
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MOST_BODY_BYTES) chunks.push(chunk);
  });
  req.on('end', () => done(bytes <= MOST_BODY_BYTES ? Buffer.concat(chunks) : undefined));
}

/** The body as a JSON object; undefined if it is none. */
export function jsonObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
