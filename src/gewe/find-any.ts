import type { Range } from './escapes.ts';

/** Finds the first needle that begins at `from` or later; of several that begin there, the longest. */
export type Finder = (bytes: Buffer, from: number) => Range | undefined;

/**
 * A search for several needles in one pass that looks at few of the bytes: the algorithm of Wu and Manber (A fast algorithm
 * for multi-pattern searching, 1994) with blocks of two bytes. Eight needles cost about as much as one
 * `Buffer.includes`, where one call for each would cost eight times that.
 *
 * @param needles none of them empty
 */
export function createFinder(needles: readonly Buffer[]): Finder {
  const length = Math.min(...needles.map((needle) => needle.length));
  const longestFirst = needles.toSorted((one, other) => other.length - one.length);
  // How far the end of the window may move for each pair of bytes at its end without passing a needle by.
  const shifts = new Uint16Array(0x10000).fill(Math.max(1, length - 1));
  for (const needle of needles) {
    for (let end = 1; end < length; end++) {
      const pair = needle.readUInt16BE(end - 1);
      shifts[pair] = Math.min(shifts[pair] ?? 0, length - 1 - end);
    }
  }

  return (bytes, from) => {
    for (let end = from + length - 1; end < bytes.length;) {
      const pair = ((bytes[end - 1] as number) << 8) | (bytes[end] as number);
      // A needle of one byte has no pair.
      const shift = length === 1 ? 0 : (shifts[pair] as number);
      if (shift === 0) {
        const found = needleAt(bytes, end - length + 1, longestFirst);
        if (found !== undefined) return found;
      }
      end += shift || 1;
    }
    return undefined;
  };
}

function needleAt(bytes: Buffer, at: number, needles: readonly Buffer[]): Range | undefined {
  for (const needle of needles) {
    if (bytes[at] !== needle[0]) continue;
    const end = at + needle.length;
    if (bytes.subarray(at, end).equals(needle)) return [at, end];
  }
  return undefined;
}
