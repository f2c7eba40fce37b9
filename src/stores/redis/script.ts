import { createHash } from 'node:crypto';

/** A Lua script, which Redis carries out as one step. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export type Argument = string | number | Buffer;

/** The reply of a script. Strings are bytes; the first member is a word for what the script did. */
export type Reply = readonly (Buffer | number | null | Reply)[];

/**
 * Makes a script of `body`. Its variables are `now`, the time by which the engine counts, `server`, the server's own time,
 * both milliseconds since the epoch, `args` and KEYS.
 *
 * A script that comes too late does nothing: it waited in a server that hung, and its sender no longer waits for it.
 */
export function script(body: string): Script {
  const lua = `
local time = redis.call('TIME')
local server = time[1] * 1000 + math.floor(time[2] / 1000)
if server > tonumber(ARGV[1]) then return { 'late' } end
local now = tonumber(ARGV[2]) or server
local args = {}
for i = 3, #ARGV do args[i - 2] = ARGV[i] end
${body}`;
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** The part of the client that runs scripts. */
interface ScriptRunner {
  callBuffer(command: string, ...args: Argument[]): Promise<unknown>;
}

/** Sends a script to a server that may not know it yet. */
export async function evaluate(
  client: ScriptRunner,
  { lua, sha }: Script,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<Reply> {
  const rest = [String(keys.length), ...keys, ...args];
  try {
    return (await client.callBuffer('EVALSHA', sha, ...rest)) as Reply;
  } catch (error) {
    if (!String(error).includes('NOSCRIPT')) throw error;
    return (await client.callBuffer('EVAL', lua, ...rest)) as Reply;
  }
}

/** A member of a reply as text; '' for nil. */
export function textAt(reply: Reply, index: number): string {
  const member = reply[index];
  return Buffer.isBuffer(member) || typeof member === 'number' ? String(member) : '';
}

/** A member of a reply as a number; undefined for nil. */
export function numberAt(reply: Reply, index: number): number | undefined {
  const text = textAt(reply, index);
  return text === '' ? undefined : Number(text);
}

/** A member of a reply as bytes; undefined for nil. */
export function bytesAt(reply: Reply, index: number): Buffer | undefined {
  const member = reply[index];
  return Buffer.isBuffer(member) ? member : undefined;
}

/** A member of a reply that is a reply itself. */
export function membersAt(reply: Reply, index: number): Reply {
  const member = reply[index];
  return Array.isArray(member) ? (member as Reply) : [];
}
