/** The last fetches of each account, in a list of JSON texts. */
import { FETCHES_KEPT, type FetchHistory, type ListFetch } from '../../history/ports.ts';
import { ACTIVITY_KEYS, NOTE_ACTIVITY } from './activity.ts';
import { accountKey } from './keys.ts';
import { inParts, ONCE, writeBatch } from './once.ts';
import type { PendingWrites } from './pending-writes.ts';
import { membersAt, script } from './script.ts';
import type { RedisServer } from './server.ts';

export const fetchesKey = (appId: string) => accountKey(appId, 'fetches');

/** Four arguments for each fetch, and one key. */
const add = script(`${ONCE}${NOTE_ACTIVITY}
local activity = { unpack(KEYS, 2, 6) }
for i = 0, (#args - 1) / 4 - 1 do
  local appId, at, summary, fetch = unpack(args, 2 + 4 * i, 5 + 4 * i)
  redis.call('LPUSH', KEYS[7 + i], fetch)
  redis.call('LTRIM', KEYS[7 + i], 0, ${FETCHES_KEPT - 1})
  noteFetch(activity, appId, tonumber(at), summary)
end
return { 'added' }`);

const all = script(`return { 'fetches', redis.call('LRANGE', KEYS[1], 0, -1) }`);

/** Without names: there are many. */
type FetchInJson = readonly [
  at: number,
  durationMs: number,
  outcome: ListFetch['outcome'],
  bytes: number | null,
  friends: number | null,
  chatrooms: number | null,
  ghs: number | null,
  requestId: string,
];

export function redisFetches(server: RedisServer, pending: PendingWrites): FetchHistory {
  return {
    async addFetches(fetches) {
      await writeBatch(server, pending, add, inParts(fetches).map(fetchesPart));
    },
    async fetches(appId) {
      const reply = await server.run(all, [fetchesKey(appId)]);
      return (
        membersAt(reply, 1)
          .map((json) => readFetch(appId, String(json)))
          // Several gateways write theirs a moment later, in any order.
          .sort((a, b) => b.at - a.at)
      );
    },
  };
}

function fetchesPart(fetches: readonly ListFetch[]) {
  return {
    keys: [...ACTIVITY_KEYS, ...fetches.map(({ appId }) => fetchesKey(appId))],
    args: fetches.flatMap((fetch) => {
      const { appId, at, durationMs, outcome } = fetch;
      return [appId, at, `${at} ${durationMs} ${outcome}`, fetchText(fetch)];
    }),
  };
}

function fetchText(fetch: ListFetch): string {
  const { at, durationMs, outcome, requestId } = fetch;
  const { bytes = null, friends = null, chatrooms = null, ghs = null } = fetch;
  const json: FetchInJson = [at, durationMs, outcome, bytes, friends, chatrooms, ghs, requestId];
  return JSON.stringify(json);
}

function readFetch(appId: string, text: string): ListFetch {
  const json = JSON.parse(text) as FetchInJson;
  const [at, durationMs, outcome, bytes, friends, chatrooms, ghs, requestId] = json;
  return {
    ...{ appId, at, durationMs, outcome, requestId },
    bytes: bytes ?? undefined,
    friends: friends ?? undefined,
    chatrooms: chatrooms ?? undefined,
    ghs: ghs ?? undefined,
  };
}
