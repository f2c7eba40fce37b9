/**
 * Ids of an account's entries. They are the scores of a sorted set: a thousand for each millisecond, so that they grow with
 * time whichever gateway writes, and no two are equal.
 */

/** For scripts: `freeId(ids, at)`, the next one that no entry of the sorted set has. */
export const FREE_ID = `
local function freeId(ids, at)
  while true do
    local first = at * 1000
    local last = redis.call('ZREVRANGEBYSCORE', ids, first + 999, first, 'WITHSCORES', 'LIMIT', 0, 1)[2]
    local id = last and last + 1 or first
    if id < first + 1000 then return id end
    at = at + 1
  end
end`;

/** The bound of a page after the entry with this id, or of the newest; undefined if it is no id. */
export function idAfter(id: string | undefined): string | undefined {
  if (id === undefined) return '+inf';
  return /^\d{1,16}$/.test(id) ? `(${id}` : undefined;
}
