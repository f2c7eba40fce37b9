import type { SavedList } from './ports.ts';

/** Whole seconds since the list was received, never negative (RFC 9111 section 5.1). */
export function ageSeconds(list: SavedList, now: number): number {
  return Math.max(0, Math.floor((now - list.savedAt) / 1000));
}

/** Whether a list is younger than `maxAgeMs`. One that comes from after `now`, since a clock was set back, is not. */
export function isYounger(list: SavedList, maxAgeMs: number, now: number): boolean {
  const ageMs = now - list.savedAt;
  return ageMs >= 0 && ageMs < maxAgeMs;
}

/** Whether a list has a tenth of the bytes that the one before it had, or less. */
export function hasShrunk(bytesBefore: number, bytesAfter: number): boolean {
  return bytesAfter * 10 <= bytesBefore;
}
