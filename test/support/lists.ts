import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import {
  callerWhoLeaves,
  GOOD_HEADERS,
  httpCall,
  httpGet,
  type HttpAnswer,
} from './http-client.ts';
import type { TestGateway } from './start-gateway.ts';

/** The two operations as the simulator records them. */
export const LIST = 'contacts/fetchContactsList';
export const CACHE = 'contacts/fetchContactsListCache';

/** As received, still compressed. */
export type Reply = HttpAnswer;

export type Asked = Pick<TestGateway, 'url'>;

const listCall = (appId: string, headers: Readonly<Record<string, string>> = {}) => ({
  path: '/contacts/fetchContactsList',
  headers: { ...GOOD_HEADERS, ...headers },
  body: JSON.stringify({ appId }),
});

/** Asks for the list of an account on a connection of its own. */
export function askList(
  gateway: Asked,
  appId: string,
  headers?: Readonly<Record<string, string>>,
): Promise<Reply> {
  return httpCall(gateway.url, listCall(appId, headers));
}

/** A caller that has asked for the list of an account and can leave without waiting for it. */
export function listCallerWhoLeaves(gateway: Asked, appId: string): { leave(): Promise<void> } {
  return callerWhoLeaves(gateway.url, listCall(appId));
}

export const ONLY_IF_CACHED = { 'Cache-Control': 'only-if-cached' };
export const NO_CACHE = { 'Cache-Control': 'no-cache' };
/** Gets the live list or an error. */
export const NO_FALLBACK = { 'Cache-Control': 'stale-if-error=0' };

/** The bytes of a good list with these friends, with unusual white space and a number above 2^53. */
export function listBytes(...friends: string[]): string {
  return `{"ret":200 , "msg":null,\n"data":{"friends":${JSON.stringify(friends)},"chatrooms":[],"ghs":[]}, "seq":90071992547409931}`;
}

/** Makes the upstream return this list once and requests it, so that it is saved. */
export async function saveList(gateway: TestGateway, appId: string, body: string): Promise<void> {
  gateway.simulator.behave(appId, { raw: { body } });
  const reply = await askList(gateway, appId, { ...NO_FALLBACK, Prefer: 'wait=60' });
  if (reply.headers['x-gateway-source'] !== 'live') throw new Error(`${reply.status}, not saved`);
}

/** The number of upstream calls for the list of an account. */
export function listCalls({ simulator }: Pick<TestGateway, 'simulator'>, appId: string): number {
  return simulator.calls.filter((call) => call.appId === appId && call.operation === LIST).length;
}

export interface SavedListInfo {
  readonly appId: string;
  readonly savedAt: string;
  readonly ageSeconds: number;
  readonly bytes: number;
  readonly source: string;
}

/** Asks the ops listener until it reports a saved list like this. */
export async function untilSaved(
  { opsUrl }: Pick<TestGateway, 'opsUrl'>,
  appId: string,
  expected: Partial<SavedListInfo> = {},
): Promise<SavedListInfo> {
  let seen: unknown;
  for (const until = Date.now() + 30_000; Date.now() < until;) {
    const answer = await httpGet(opsUrl, `/admin/lists/${appId}`);
    seen = answer.json();
    const entries = Object.entries(expected);
    const found = entries.every(([key, value]) => (seen as never)[key] === value);
    if (answer.status === 200 && found) return seen as SavedListInfo;
  }
  throw new Error(`No saved list like ${JSON.stringify(expected)}: ${JSON.stringify(seen)}`);
}

/**
 * Resolves when the gateway has read everything that it has begun to read, because it has answered two later requests.
 * Gateway and test share a thread.
 */
export async function allRead({ opsUrl }: Pick<TestGateway, 'opsUrl'>): Promise<void> {
  await httpGet(opsUrl, '/healthz');
  await httpGet(opsUrl, '/healthz');
}

/** Sends all requests at once; `arrived` resolves when the gateway has begun to read all of them. */
export function askTogether(
  gateway: Asked,
  asks: readonly (readonly [appId: string, headers?: Readonly<Record<string, string>>])[],
): { readonly replies: Promise<Reply[]>; readonly arrived: Promise<void> } {
  const { promise: arrived, resolve } = Promise.withResolvers<void>();
  let missing = asks.length;
  const count = (message: unknown) => {
    const { url } = (message as { request: IncomingMessage }).request;
    if (url === '/contacts/fetchContactsList') missing -= 1;
    if (missing > 0) return;
    unsubscribe('http.server.request.start', count);
    resolve();
  };
  subscribe('http.server.request.start', count);
  const replies = Promise.all(asks.map(([appId, headers]) => askList(gateway, appId, headers)));
  return { replies, arrived };
}
