/** The behaviours that are set, and the one for a call: the account's own list first, then the list for all accounts. */
import { type Behaviour, parseBehaviours } from './behaviour.ts';

/** Means every account. */
const EVERY_ACCOUNT = '*';

interface Entry {
  readonly behaviour: Behaviour;
  /** For how many more calls it holds. */
  left: number;
}

export interface BehaviourBook {
  /**
   * Replaces the account's list by one behaviour or several; an empty list forgets them.
   * @throws Error if `value` is no behaviour; the old list is then kept.
   */
  set(appId: string, value: unknown): void;
  forget(appId: string): void;
  forgetAll(): void;
  /**
   * The behaviour for this call, which counts against its `times`; an empty one if none is set.
   * @param operation - The path after the base, such as `contacts/addContacts`.
   */
  take(appId: string | undefined, operation: string): Behaviour;
}

export function createBehaviourBook(): BehaviourBook {
  const entries = new Map<string, Entry[]>();

  function takeFrom(account: string, operation: string): Behaviour | undefined {
    const list = entries.get(account) ?? [];
    const entry = list.find((one) => holdsFor(one.behaviour, operation));
    if (entry === undefined) return undefined;
    entry.left -= 1;
    if (entry.left === 0) list.splice(list.indexOf(entry), 1);
    return entry.behaviour;
  }

  return {
    set(appId, value) {
      const list = parseBehaviours(value).map((behaviour) => ({
        behaviour,
        left: behaviour.times ?? Infinity,
      }));
      entries.set(appId, list);
    },
    forget(appId) {
      entries.delete(appId);
    },
    forgetAll() {
      entries.clear();
    },
    take(appId, operation) {
      const own = appId === undefined ? undefined : takeFrom(appId, operation);
      return own ?? takeFrom(EVERY_ACCOUNT, operation) ?? {};
    },
  };
}

function holdsFor(behaviour: Behaviour, operation: string): boolean {
  if (behaviour.operations === undefined) return true;
  const name = operation.slice(operation.lastIndexOf('/') + 1);
  return behaviour.operations.includes(operation) || behaviour.operations.includes(name);
}
