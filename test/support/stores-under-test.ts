import type { MovableClock } from './movable-clock.ts';
import type { StoreEvents, Stores } from '../../src/stores/stores.ts';

/** A set of stores, empty at first, for a contract suite. */
export interface StoresUnderTest {
  readonly stores: Stores;
  /** The clock of the stores. */
  readonly clock: MovableClock;
  /** Closes the stores and opens the same ones again. Not set if their data ends with the process. */
  readonly reopen?: () => Promise<Stores>;
  dispose(): Promise<void>;
}

export type OpenStoresUnderTest = () => Promise<StoresUnderTest>;

/** For tests that need no events of the store. */
export const NO_EVENTS: StoreEvents = {
  onAway: () => undefined,
  onBack: () => undefined,
  onWarning: () => undefined,
};
