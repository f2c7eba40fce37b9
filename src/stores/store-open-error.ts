/** A store that cannot be used as it was found at start. Nothing of it has been changed. */
export class StoreOpenError extends Error {
  /**
   * @param place The path, or the kind of URL; never a whole URL, which may hold a password.
   * @param problem What is wrong.
   * @param remedy What the operator can do.
   */
  constructor(place: string, problem: string, remedy: string, cause?: unknown) {
    super(
      `Cannot open the store ${place}: ${problem}. ${remedy}.`,
      cause === undefined ? {} : { cause },
    );
    this.name = 'StoreOpenError';
  }
}
