/** Which saved lists `GET /admin/lists` names, in which order. */
import type { Request } from 'express';
import type { ListIndex, ListIndexEntry } from '../../contacts-list/ports.ts';
import { APP_ID } from '../../http/body.ts';
import { inBatches } from '../overview/keyset.ts';
import { badAfter, cut, oneOf, readPage, wholeNumber, type PageQuery } from './query.ts';

/** `age`: the oldest list first; `-age`: the youngest. */
export type ListSort = 'appId' | 'age' | '-age';

export interface ListsQuery extends PageQuery {
  readonly olderThanMs: number | undefined;
  readonly sort: ListSort;
}

/** Where a page by age ended. A list that was saved since is where its new age puts it. */
type Place = Pick<ListIndexEntry, 'savedAt' | 'appId'>;

const CURSOR = /^(?:(?<savedAt>\d{1,16})~)?(?<appId>[A-Za-z0-9_.:@-]{1,128})$/;
const LONGEST_SECONDS = 10 * 366 * 86_400;

/** @throws Refusal */
export function readListsQuery(req: Request): ListsQuery {
  const sort = oneOf(req, 'sort', ['appId', 'age', '-age']);
  const seconds = wholeNumber(req, 'olderThanSeconds', 0, LONGEST_SECONDS);
  const page = readPage(req, sort === 'appId' ? APP_ID : CURSOR);
  return { ...page, sort, olderThanMs: seconds === undefined ? undefined : seconds * 1000 };
}

/** @param now milliseconds since the epoch */
export async function readListPage(
  listIndex: ListIndex,
  { sort, olderThanMs, after, limit }: ListsQuery,
  now: number,
) {
  const isWanted = ({ savedAt }: ListIndexEntry) =>
    olderThanMs === undefined || now - savedAt > olderThanMs;
  const found: ListIndexEntry[] = [];
  const read = listIndex.index.bind(listIndex);
  for await (const batch of inBatches(read, sort === 'appId' ? after : undefined)) {
    for (const entry of batch) if (isWanted(entry)) found.push(entry);
    if (sort === 'appId' && found.length > limit) break;
  }
  if (sort === 'appId') return cut(found, limit, ({ appId }) => appId);
  const compare = sort === 'age' ? byAge : byYouth;
  const place = after === undefined ? undefined : placeOf(after);
  const rest = found.filter((entry) => place === undefined || compare(entry, place) > 0);
  return cut(rest.sort(compare), limit, ({ savedAt, appId }) => `${savedAt}~${appId}`);
}

function placeOf(after: string): Place {
  const { savedAt, appId } = CURSOR.exec(after)?.groups ?? {};
  if (savedAt === undefined || appId === undefined) throw badAfter();
  return { savedAt: Number(savedAt), appId };
}

function byAge(a: Place, b: Place): number {
  return a.savedAt - b.savedAt || byAppId(a, b);
}

function byYouth(a: Place, b: Place): number {
  return b.savedAt - a.savedAt || byAppId(a, b);
}

function byAppId(a: Place, b: Place): number {
  return a.appId === b.appId ? 0 : a.appId < b.appId ? -1 : 1;
}
