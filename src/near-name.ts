/** Finds the known name that an unknown one is probably a misspelling of. */

/** How many letters must be inserted, removed, changed or swapped with their neighbour to turn one name into the other. */
export function editDistance(one: string, other: string): number {
  let before: number[] = [];
  let above = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1];
      let least = Math.min(
        (above[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (above[j - 1] ?? 0) + (isSame ? 0 : 1),
      );
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) {
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      }
      row.push(least);
    }
    before = above;
    above = row;
  }
  return above[other.length] ?? 0;
}

/** The known name that is closest to this one, whatever its case; undefined if none is close. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  // It is compared with every known name, which must not take long.
  if (name.length > 64) return undefined;
  const far = (one: string) => editDistance(name.toLowerCase(), one.toLowerCase());
  return known
    .map((one) => ({ one, distance: far(one) }))
    .filter(({ one, distance }) => distance <= Math.max(1, Math.floor(one.length / 4)))
    .sort((a, b) => a.distance - b.distance)[0]?.one;
}
