import { createSlot } from './slot.ts';

/** Where an answer came from, for the log and the metrics. */
export type Source = 'live' | 'saved' | 'gewe-cache' | 'replayed';

export const sourceSlot = createSlot<Source>('source');
