import { randomBytes } from 'node:crypto';
import { singleFlight } from '../coalesce.ts';
import type { Clock } from '../time.ts';
import type { SessionStore, SigningKey } from './ports.ts';

/** The keys that sign session tokens, as every gateway on one store knows them. */
export interface SigningKeys {
  /** The key for new tokens. Rejects if the store fails and no key is known yet. */
  current(): Promise<SigningKey>;
  /** The key of this id; undefined if there is none, or if it is retired. Rejects as `current` does. */
  find(id: string): Promise<SigningKey | undefined>;
}

/** A rotation is known at every gateway within a second. Until then the old key signs there. */
export const KNOWN_FOR_MS = 1000;

export function newSigningKey(now: number): SigningKey {
  const [id, secret] = [randomBytes(9), randomBytes(32)].map((bytes) =>
    bytes.toString('base64url'),
  );
  return { id: id as string, secret: secret as string, createdAt: now };
}

export function createSigningKeys(
  store: Pick<SessionStore, 'signingKeys'>,
  clock: Clock,
): SigningKeys {
  const loads = singleFlight<readonly SigningKey[]>();
  let known: readonly SigningKey[] = [];
  let loadedAt = -Infinity;

  async function load(): Promise<readonly SigningKey[]> {
    try {
      known = await store.signingKeys();
    } catch (error) {
      // While the store is away, sessions live on with the keys that are known.
      if (known.length === 0) throw error;
    }
    loadedAt = clock.monotonic();
    return known;
  }

  function keys(): readonly SigningKey[] | Promise<readonly SigningKey[]> {
    const isFresh = clock.monotonic() - loadedAt < KNOWN_FOR_MS;
    return isFresh ? known : loads.join('keys', load);
  }

  return {
    async current() {
      // Not by age: the clock may have been set back between two rotations. A key that retires would take its tokens along.
      const signing = (await keys()).find(({ retiresAt }) => retiresAt === undefined);
      if (signing !== undefined) return signing;
      // Made by the first session, not at the start, and never by a caller without a key.
      const first = newSigningKey(clock.now());
      known = await store.signingKeys(first);
      return known[0] ?? first;
    },
    async find(id) {
      const now = clock.now();
      const isLive = ({ retiresAt = Infinity }: SigningKey) => now < retiresAt;
      const wanted = (key: SigningKey) => key.id === id && isLive(key);
      // Another gateway may have signed with a key that is newer than what is known here.
      return (await keys()).find(wanted) ?? (await loads.join('keys', load)).find(wanted);
    },
  };
}
