import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../time.ts';

/** How long a sign-in lasts, milliseconds. */
export const SIGN_IN_MS = 12 * 3_600_000;

/** Far more than there are operators. Beyond it, the oldest ends. */
const MOST = 300;

/**
 * The browsers that are signed in. In memory, and only as hashes: all of them end with the process, and so with the
 * `OPS_TOKEN` that they were opened with.
 */
export interface SignIns {
  /** Opens one; returns the value of its cookie, 256 random bits. */
  signIn(name: string): string;
  /** The name that the operator gave, empty if none; undefined if this sign-in has ended or never was. */
  find(cookie: string): { readonly name: string } | undefined;
  signOut(cookie: string): void;
  /**
   * Calls back once when this sign-in ends: signed out, expired, or pushed out by newer ones. At once if it has ended
   * already. Returns a function that stops listening.
   */
  onEnd(cookie: string, listener: () => void): () => void;
}

interface SignIn {
  readonly name: string;
  /** On the monotonic clock, milliseconds. */
  readonly endsAt: number;
  readonly timer: NodeJS.Timeout;
  readonly listeners: Set<() => void>;
}

export function createSignIns(clock: Pick<Clock, 'monotonic'>): SignIns {
  /** By the hash of the cookie, oldest first. */
  const open = new Map<string, SignIn>();

  function end(key: string): void {
    const signIn = open.get(key);
    if (signIn === undefined) return;
    open.delete(key);
    clearTimeout(signIn.timer);
    for (const listener of signIn.listeners) listener();
  }

  function findByKey(key: string): SignIn | undefined {
    const signIn = open.get(key);
    if (signIn === undefined || clock.monotonic() < signIn.endsAt) return signIn;
    // A timer can be late, as after the machine slept.
    end(key);
    return undefined;
  }

  return {
    signIn(name) {
      const cookie = randomBytes(32).toString('base64url');
      const key = hash(cookie);
      const [oldest] = open.keys();
      if (oldest !== undefined && open.size >= MOST) end(oldest);
      const endsAt = clock.monotonic() + SIGN_IN_MS;
      const timer = setTimeout(() => end(key), SIGN_IN_MS).unref();
      open.set(key, { name, endsAt, timer, listeners: new Set() });
      return cookie;
    },
    find: (cookie) => findByKey(hash(cookie)),
    signOut: (cookie) => end(hash(cookie)),
    onEnd(cookie, listener) {
      const signIn = findByKey(hash(cookie));
      if (signIn === undefined) listener();
      else signIn.listeners.add(listener);
      return () => void signIn?.listeners.delete(listener);
    },
  };
}

function hash(cookie: string): string {
  return createHash('sha256').update(cookie).digest('base64url');
}
