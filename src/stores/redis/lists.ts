import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import pLimit from 'p-limit';
import type { ListStore, SavedList, SaveResult } from '../../contacts-list/ports.ts';
import { accountKey } from './keys.ts';
import { INDEX, INDEX_KEYS } from './list-index.ts';
import type { PubSub } from './pubsub.ts';
import { bytesAt, numberAt, script, textAt } from './script.ts';
import type { RedisServer } from './server.ts';

/** A list as Redis has it, with the mark of its version. */
export interface MarkedList {
  readonly mark: string;
  readonly list: SavedList;
}

export type Found =
  | {
      readonly kind: 'list';
      readonly found: MarkedList;
      /** It was restored from a gateway's copy, and another gateway may have a newer one. */
      readonly wasPutBack: boolean;
    }
  /** The version that the caller has. */
  | { readonly kind: 'same' }
  /** An operator deleted it: gateways drop their copies. */
  | { readonly kind: 'forgotten' }
  /** Never saved, or Redis has lost it. */
  | { readonly kind: 'none' };

/** A new list, a list that must not replace a newer one, or a copy that Redis has lost or could not take. */
export type Save = 'new' | 'if-newer' | 'back';

/** The lists in Redis, compressed. */
export interface StoredLists {
  /** @param mark of the version that the caller has */
  find(appId: string, mark: string | undefined): Promise<Found>;
  save(appId: string, marked: MarkedList, how: Save): Promise<SaveResult>;
  forget(appId: string): Promise<boolean>;
  /** Calls `listener` with the account of each list that an operator deletes, through any gateway. */
  onForgotten(listener: (appId: string) => void): void;
}

const find = script(`
local mark = redis.call('HGET', KEYS[1], 'mark')
if not mark then return { 'none' } end
if mark == '' then return { 'forgotten' } end
if mark == args[1] then return { 'same' } end
local list = redis.call('HMGET', KEYS[1], 'savedAt', 'source', 'body', 'how', 'bytes')
return { 'list', mark, list[1], list[2], list[3], list[4], list[5] }`);

const save = script(`${INDEX}
local before = redis.call('HMGET', KEYS[1], 'savedAt', 'bytes', 'mark')
local isAsNew = before[1] and tonumber(before[1]) >= tonumber(args[3])
local isForgotten = before[3] == ''
if args[1] ~= 'new' and isAsNew or args[1] == 'back' and isForgotten then return { 'kept' } end
redis.call('HSET', KEYS[1], 'how', args[1], 'mark', args[2], 'savedAt', args[3], 'source', args[4], 'bytes', args[5], 'body', args[6])
redis.call('PERSIST', KEYS[1])
indexList(KEYS[1], KEYS[2], KEYS[3], args[7])
return { 'saved', before[2] or 0 }`);

const forget = script(`${INDEX}
local bytes = redis.call('HGET', KEYS[1], 'bytes')
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'mark', '')
redis.call('PEXPIRE', KEYS[1], args[1])
unindexList(KEYS[2], KEYS[3], args[3])
redis.call('PUBLISH', args[2], 'forgotten ' .. args[3])
return { bytes and 'forgotten' or 'none' }`);

/** How long Redis knows that a list was deleted, so that no gateway restores its own copy. */
export const FORGOTTEN_KNOWN_MS = 30 * 24 * 3_600_000;

/**
 * Two compressions at a time. Each one that runs or waits in Node takes a megabyte of workspace, and a hundred refreshes
 * may be answered at once. One that waits here takes only its list, which is in memory anyway.
 */
const inTurn = pLimit(2);
const compress = (body: Buffer) => inTurn(() => promisify(zstdCompress)(body));

/** Into one buffer: joining small ones takes twice as long. */
function decompress(body: Buffer, bytes: number): Promise<Buffer> {
  // If the buffer is filled to its last byte, Node allocates a second one.
  return promisify(zstdDecompress)(body, { chunkSize: Math.max(constants.Z_MIN_CHUNK, bytes + 1) });
}

/** The mark of a new version. */
export function newMark(): string {
  return randomBytes(9).toString('base64url');
}

export function storedLists(
  server: RedisServer,
  pubsub: Pick<PubSub, 'channel' | 'on'>,
): StoredLists {
  const keyOf = (appId: string) => accountKey(appId, 'list');
  const keysOf = (appId: string) => [keyOf(appId), ...INDEX_KEYS];
  return {
    async find(appId, mark = '-') {
      const reply = await server.run(find, [keyOf(appId)], [mark]);
      const kind = textAt(reply, 0) as Found['kind'];
      if (kind !== 'list') return { kind };
      const list: SavedList = {
        savedAt: numberAt(reply, 2) ?? 0,
        source: textAt(reply, 3) as SavedList['source'],
        body: await decompress(bytesAt(reply, 4) ?? Buffer.alloc(0), numberAt(reply, 6) ?? 0),
      };
      const wasPutBack = textAt(reply, 5) === 'back';
      return { kind, found: { mark: textAt(reply, 1), list }, wasPutBack };
    },
    async save(appId, { mark, list }, how) {
      const body = await compress(list.body);
      const args = [how, mark, list.savedAt, list.source, list.body.length, body, appId];
      const reply = await server.run(save, keysOf(appId), args);
      return textAt(reply, 0) === 'kept'
        ? { kind: 'kept' }
        : { kind: 'saved', bytesBefore: numberAt(reply, 1) ?? 0 };
    },
    async forget(appId) {
      const reply = await server.run(forget, keysOf(appId), [
        FORGOTTEN_KNOWN_MS,
        pubsub.channel,
        appId,
      ]);
      return textAt(reply, 0) === 'forgotten';
    },
    onForgotten: (listener) => pubsub.on('forgotten', listener),
  };
}

/** The lists in Redis as a ListStore, without copies. */
export function withoutCopies(stored: StoredLists): ListStore {
  return {
    async load(appId) {
      const found = await stored.find(appId, undefined);
      return found.kind === 'list' ? found.found.list : undefined;
    },
    save: (appId, list) => stored.save(appId, { mark: newMark(), list }, 'new'),
    saveIfNewer: (appId, list) => stored.save(appId, { mark: newMark(), list }, 'if-newer'),
    forget: (appId) => stored.forget(appId),
  };
}
