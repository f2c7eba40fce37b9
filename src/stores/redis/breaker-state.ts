import { randomUUID } from 'node:crypto';
import { CLOSED, type BreakerState, type BreakerStore } from '../../contacts-list/breaker.ts';
import { commonKey } from './keys.ts';
import type { PubSub } from './pubsub.ts';
import { bytesAt, script, textAt } from './script.ts';
import type { RedisServer } from './server.ts';

/** If nobody calls the upstream for so long, what is known of it is out of date. */
const KEPT_MS = 3_600_000;

const load = script(`return { 'loaded', redis.call('GET', KEYS[1]) }`);

/** Replaces the state if it is still the one that was read; '' means none. */
const replace = script(`
if (redis.call('GET', KEYS[1]) or '') ~= args[1] then return { 'changed' } end
if args[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], args[2], 'PX', args[3]) end
redis.call('PUBLISH', args[4], 'breaker ' .. args[5] .. ' ' .. args[2])
return { 'replaced' }`);

type Change = (state: BreakerState) => BreakerState;

/** The breaker's state in one key. The gateway changes it by compare and set, all waiting changes at once. */
export function redisBreakerState(server: RedisServer, pubsub: PubSub): BreakerStore {
  const key = commonKey('breaker');
  const self = randomUUID();
  let waiting: { change: Change; done(): void; failed(error: unknown): void }[] = [];
  let isChanging = false;

  async function changeAll(changes: readonly Change[]): Promise<void> {
    for (;;) {
      const before = bytesAt(await server.run(load, [key]), 1)?.toString() ?? '';
      const state = read(before);
      const next = changes.reduce((current, change) => change(current), state);
      const after =
        next.kind === 'closed' && next.failures.length === 0 ? '' : JSON.stringify(next);
      if (after === before) return;
      const args = [before, after, KEPT_MS, pubsub.channel, self];
      if (textAt(await server.run(replace, [key], args), 0) === 'replaced') return;
    }
  }

  async function work(): Promise<void> {
    if (isChanging) return;
    isChanging = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await changeAll(batch.map(({ change }) => change));
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    isChanging = false;
  }

  return {
    now: () => server.clock.now(),
    update<R>(change: (state: BreakerState) => readonly [R, BreakerState]) {
      return new Promise<readonly [R, BreakerState]>((resolve, reject) => {
        let last: readonly [R, BreakerState];
        waiting.push({
          change: (state) => (last = change(state))[1],
          done: () => resolve(last),
          failed: reject,
        });
        void work();
      });
    },
    watch(onState) {
      pubsub.on('breaker', (text) => {
        const space = text.indexOf(' ');
        // A gateway knows its own changes, and its own messages come later than those.
        if (text.slice(0, space) !== self) onState(read(text.slice(space + 1)));
      });
      server.onReturn(() => {
        server.run(load, [key]).then(
          (reply) => onState(read(bytesAt(reply, 1)?.toString() ?? '')),
          () => undefined,
        );
      });
    },
  };
}

/** Anything that is not a state, such as that of another version, counts as closed until calls show otherwise. */
function read(text: string): BreakerState {
  try {
    const state = JSON.parse(text) as BreakerState | null;
    const isOpen = state?.kind === 'open' && typeof state.nextProbeAt === 'number';
    const isClosed = state?.kind === 'closed' && Array.isArray(state.failures);
    return isOpen || isClosed ? state : CLOSED;
  } catch {
    return CLOSED;
  }
}
