/** The upstream token: the one in force, those before it, and whether the upstream accepts it. */
export interface TokenSource {
  current(): string;
  /** The one in force and those before it, for the scrubber: a call under way may still echo an old one. */
  known(): readonly string[];
  /** Reads the source again. Resolves to whether the token in force now differs from `used`. */
  refresh(used: string): Promise<boolean>;
  /** What the upstream said to a call made with `used`. Ignored if that token is no longer in force. */
  report(used: string, verdict: 'accepted' | 'rejected'): void;
  isRejected(): boolean;
  /** Whether the upstream has accepted the token in force. Until a call has tried it, nobody knows. */
  isAccepted(): boolean;
  /** Whether the token's file as it is now is in force: not if it cannot be used. Undefined if there is no file. */
  isTakenOver(): boolean | undefined;
}

export interface TokenEvents {
  /** The source could not be read; the token in force stays. `reason` holds no secret. */
  unreadable(reason: string): void;
  rotated(): void;
  rejected(): void;
}

/** How many earlier tokens are still cut out of answers. */
const REMEMBERED = 8;

/**
 * @param first the token at the start, already checked
 * @param read reads the token's file and rejects with a public reason where it holds no usable one; undefined where
 *   the token came from the environment and cannot change
 */
export function createTokenSource(
  first: string,
  read: (() => Promise<string>) | undefined,
  events: TokenEvents,
): TokenSource {
  let tokens: readonly string[] = [first];
  let standing: 'accepted' | 'rejected' | 'untried' = 'untried';
  let takenOver = true;
  const current = () => tokens[0] ?? first;

  return {
    current,
    known: () => tokens,
    async refresh(used) {
      if (read === undefined) return false;
      try {
        const token = await read();
        takenOver = true;
        if (token !== current()) {
          tokens = [token, ...tokens.filter((one) => one !== token)].slice(0, REMEMBERED);
          standing = 'untried';
          events.rotated();
        }
      } catch (error) {
        takenOver = false;
        events.unreadable((error as Error).message);
      }
      return current() !== used;
    },
    report(used, verdict) {
      if (used !== current()) return;
      if (verdict === 'rejected' && standing !== 'rejected') events.rejected();
      standing = verdict;
    },
    isRejected: () => standing === 'rejected',
    isAccepted: () => standing === 'accepted',
    isTakenOver: () => (read === undefined ? undefined : takenOver),
  };
}
