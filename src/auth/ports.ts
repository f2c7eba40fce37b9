/** A key that signs session tokens (HMAC-SHA-256). */
export interface SigningKey {
  readonly id: string;
  /** 32 random bytes in base64url. */
  readonly secret: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** After a rotation: until when tokens that it has signed are accepted. Milliseconds since the epoch. */
  readonly retiresAt?: number | undefined;
}

/** What sessions need to outlive a process and to be the same at every gateway. */
export interface SessionStore {
  /** All keys, the newest first. If there is none, `first` becomes the one, for all gateways. */
  signingKeys(first?: SigningKey): Promise<readonly SigningKey[]>;
  /** Makes `next` the key that signs. Those before it retire at `retiresAt`, or earlier if that was said before. */
  rotateKey(next: SigningKey, retiresAt: number): Promise<void>;
  /**
   * Ends the sessions of a subject, or of the whole client, that were issued up to `at`. It may be forgotten after
   * `LONGEST_SESSION_MS`.
   */
  end(client: string, subject: string | undefined, at: number): Promise<void>;
  /** Up to when sessions of this subject have been ended; `-Infinity` if they never were. */
  endedUntil(client: string, subject: string | undefined): Promise<number>;
}

/** No session lives longer: a day. */
export const LONGEST_SESSION_MS = 24 * 3_600_000;
