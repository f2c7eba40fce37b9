import { createSlot } from './slot.ts';

/** Where an answer came from, for the log, the metrics and `X-Gateway-Source`. */
export type Source = 'live' | 'saved' | 'gewe-cache' | 'replayed';

export const sourceSlot = createSlot<Source>('source');
