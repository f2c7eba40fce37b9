import { KEY } from '../setup/built-gateway.ts';

/** What the load consists of. */
export interface Request {
  readonly operation: string;
  /** `{n}` and `{account}` in it are filled in for each request by `wrk.lua`. */
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A small call that is sent on to the upstream. */
export const forwardedCall: Request = {
  operation: 'getBriefInfo',
  body: '{"appId":"wx_bench_0","wxids":["wxid_1","wxid_2"]}',
  headers: {},
};

/** A list that is saved, of 5,000 friends. */
export const savedList: Request = {
  operation: 'fetchContactsList',
  body: '{"appId":"wx_bench_0"}',
  headers: { 'cache-control': 'only-if-cached' },
};

/** The saved list, compressed. */
export function compressed(encoding: 'gzip' | 'br'): Request {
  return { ...savedList, headers: { ...savedList.headers, 'accept-encoding': encoding } };
}

/** A friend request is accepted, each time another one. */
export const acceptedContact: Request = {
  operation: 'addContacts',
  body: '{"appId":"wx_bench_{account}","scene":3,"option":3,"v3":"v3_{n}","v4":"v4","content":"hi"}',
  headers: {},
};

export function headersOf({ headers }: Request): Readonly<Record<string, string>> {
  return { 'content-type': 'application/json', authorization: `Bearer ${KEY}`, ...headers };
}

/** Sends it once. */
export async function ask(url: string, request: Request): Promise<Response> {
  return fetch(`${url}/contacts/${request.operation}`, {
    method: 'POST',
    headers: { 'accept-encoding': 'identity', ...headersOf(request) },
    body: request.body,
  });
}
