import type { MovableClock } from './movable-clock.ts';
import type { StoreEvents, Stores } from '../../src/stores/stores.ts';

/** A set of stores that a contract suite may write to, empty at first. */
export interface StoresUnderTest {
  readonly stores: Stores;
  /** By which they count. */
  readonly clock: MovableClock;
  /** Closes the stores and opens the same ones again. Left out where nothing outlives the process. */
  readonly reopen?: () => Promise<Stores>;
  dispose(): Promise<void>;
}

export type OpenStoresUnderTest = () => Promise<StoresUnderTest>;

/** For whoever does not ask how a store is. */
export const NO_EVENTS: StoreEvents = {
  onAway: () => undefined,
  onBack: () => undefined,
  onWarning: () => undefined,
};
