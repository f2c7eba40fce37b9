import { dataOf, isObject, retOf } from './outcome.ts';

/**
 * Whether an answer to fetchContactsList or fetchContactsListCache is a list worth keeping: `ret` 200 and `data`
 * with the three arrays, not all of them empty. The cache endpoint says `ret` 200 without a list when it has
 * none, and an account that has just come online can answer with three empty ones: neither may replace a list.
 */
export function isGoodList(json: unknown): boolean {
  if (retOf(json) !== 200) return false;
  const data = dataOf(json);
  if (!isObject(data)) return false;
  const arrays = [data['friends'], data['chatrooms'], data['ghs']];
  return arrays.every(Array.isArray) && arrays.some((one) => (one as unknown[]).length > 0);
}
