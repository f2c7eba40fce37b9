import { dataOf, isObject, parseJson } from '../gewe/outcome.ts';
import type { ListStore, SavedList } from './ports.ts';
import { ageSeconds } from './saved-lists.ts';

/** How many ids a list has of each kind. */
export interface ListCounts {
  readonly friends: number;
  readonly chatrooms: number;
  readonly ghs: number;
}

export interface ListFacts extends ListCounts, Pick<SavedList, 'savedAt' | 'source'> {
  readonly ageSeconds: number;
}

export interface SavedListFacts {
  /**
   * Facts about the saved list of an account, without its content. Undefined if there is none, and if the store fails:
   * nothing rejects.
   *
   * @param now milliseconds since the epoch
   */
  of(appId: string, now: number): Promise<ListFacts | undefined>;
}

interface SavedListFactsParts {
  readonly lists: Pick<ListStore, 'load'>;
  onStoreError(error: unknown): void;
}

export function createSavedListFacts({ lists, onStoreError }: SavedListFactsParts): SavedListFacts {
  // Stores return the same object as long as a list is kept in memory, so that it is read once and not at each request.
  const counted = new WeakMap<SavedList, ListCounts>();

  function countsOf(list: SavedList): ListCounts {
    const known = counted.get(list);
    if (known !== undefined) return known;
    const counts = countIds(parseJson(list.body));
    counted.set(list, counts);
    return counts;
  }

  return {
    async of(appId, now) {
      try {
        const list = await lists.load(appId);
        if (list === undefined) return undefined;
        const { savedAt, source } = list;
        return { savedAt, ageSeconds: ageSeconds(list, now), ...countsOf(list), source };
      } catch (error) {
        onStoreError(error);
        return undefined;
      }
    },
  };
}

/** Counts the ids of a good list, parsed. An array that is null or absent counts as empty. */
export function countIds(json: unknown): ListCounts {
  const data = dataOf(json);
  const count = (name: keyof ListCounts) => {
    const ids = isObject(data) ? data[name] : undefined;
    return Array.isArray(ids) ? ids.length : 0;
  };
  return { friends: count('friends'), chatrooms: count('chatrooms'), ghs: count('ghs') };
}
