import { dataOf, isObject, retOf } from './outcome.ts';

/**
 * Whether an answer to fetchContactsList or fetchContactsListCache is a list worth keeping: `ret` 200, `data` with the
 * array `friends`, where `chatrooms` and `ghs` may also be null or missing, and at least one id in all. The cache endpoint
 * says `ret` 200 without a list if it has none, and an account that has just come online can answer with three empty
 * arrays: neither may replace a list.
 */
export function isGoodList(json: unknown): boolean {
  if (retOf(json) !== 200) return false;
  const data = dataOf(json);
  if (!isObject(data) || !Array.isArray(data['friends'])) return false;
  const others = [data['chatrooms'] ?? [], data['ghs'] ?? []];
  return others.every(Array.isArray) && [data['friends'], ...others].some(hasId);
}

function hasId(array: unknown): boolean {
  return (array as unknown[]).some((id) => typeof id === 'string' && id !== '');
}
