import type { SavedList } from '../contacts-list/ports.ts';

type Load = Promise<SavedList | undefined>;

/** Loads of lists that are under way, so that who asks meanwhile joins one. */
export interface LoadsUnderWay {
  /** What the next load of an account joins. */
  of(appId: string): Load | undefined;
  /** Whether it is still the one to join: nobody has written since it began. */
  isCurrent(appId: string, load: Load): boolean;
  /** Lets others join it until it has come to its end. */
  share(appId: string, load: Load): Load;
  /** Whoever writes lets nobody join any more: what is being loaded may be older. */
  drop(appId: string): void;
}

export function createLoadsUnderWay(): LoadsUnderWay {
  const underWay = new Map<string, Load>();
  const isCurrent = (appId: string, load: Load) => underWay.get(appId) === load;
  return {
    of: (appId) => underWay.get(appId),
    isCurrent,
    async share(appId, load) {
      underWay.set(appId, load);
      try {
        return await load;
      } finally {
        if (isCurrent(appId, load)) underWay.delete(appId);
      }
    },
    drop: (appId) => void underWay.delete(appId),
  };
}
