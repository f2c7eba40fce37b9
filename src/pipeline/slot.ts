import type { ServerResponse } from 'node:http';

/** What one step found out about a request, for the steps after it. */
export interface Slot<T> {
  set(res: ServerResponse, value: T): void;
  /** Throws where the step that fills it has not run: a mistake in the order of the steps. */
  of(res: ServerResponse): T;
  /** For those that also see requests which never came that far. */
  peek(res: ServerResponse): T | undefined;
}

/** Each step owns its slots, so the steps that need a value import it from the one that makes it. */
export function createSlot<T>(name: string): Slot<T> {
  const values = new WeakMap<ServerResponse, T>();
  return {
    set: (res, value) => void values.set(res, value),
    peek: (res) => values.get(res),
    of(res) {
      if (!values.has(res)) throw new Error(`No ${name} yet: the step that finds it comes later`);
      return values.get(res) as T;
    },
  };
}
