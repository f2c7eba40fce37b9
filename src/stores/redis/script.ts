import { createHash } from 'node:crypto';

/** What Redis does as one step. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export type Argument = string | number | Buffer;

/** What a script gives: bulk strings as bytes, and in the first place a word for what it did. */
export type Reply = readonly (Buffer | number | null | Reply)[];

/**
 * Makes a script of `body`, which finds in `now` the time by which the engine counts and in `server` the server's own, both
 * milliseconds since the epoch, in `args` its arguments, and in KEYS its keys.
 *
 * One that has come too late does nothing: it waited in a server that hung, and whoever sent it has gone on without it.
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

/** What of the client is needed to run scripts. */
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

/** The text of a reply's member; '' where it is nil. */
export function textAt(reply: Reply, index: number): string {
  const member = reply[index];
  return Buffer.isBuffer(member) || typeof member === 'number' ? String(member) : '';
}

/** The number that a reply's member is or spells; undefined where it is nil. */
export function numberAt(reply: Reply, index: number): number | undefined {
  const text = textAt(reply, index);
  return text === '' ? undefined : Number(text);
}

/** The bytes of a reply's member; undefined where it is nil. */
export function bytesAt(reply: Reply, index: number): Buffer | undefined {
  const member = reply[index];
  return Buffer.isBuffer(member) ? member : undefined;
}

/** A reply's member that has members of its own. */
export function membersAt(reply: Reply, index: number): Reply {
  const member = reply[index];
  return Array.isArray(member) ? (member as Reply) : [];
}
