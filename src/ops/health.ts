import type { RequestHandler } from 'express';
import type { Clock } from '../time.ts';
import { send } from '../http/send.ts';

/** A part that can keep the gateway from doing its work. */
export type Part = 'store' | 'token' | 'draining';

export interface Health {
  /** The parts that are not ready; none where all is well. */
  notReady(): Promise<Part[]>;
  /** What works and should be changed all the same, by name. */
  warnings(): readonly string[];
}

interface HealthParts {
  readonly clock: Clock;
  checkStore(): Promise<void>;
  storeWarnings(): readonly string[];
  isTokenRejected(): boolean;
  isDraining(): boolean;
  onStoreError(error: unknown): void;
}

/** Probes come from several sides and may be asked by anyone: the store is asked once a second at most. */
const STORE_CHECK_EVERY_MS = 1000;

export function createHealth(parts: HealthParts): Health {
  const { clock, checkStore, isTokenRejected, isDraining, onStoreError } = parts;
  let checkedAt = -Infinity;
  let storeIsReady: Promise<boolean> = Promise.resolve(true);

  function isStoreReady(): Promise<boolean> {
    const now = clock.now();
    const isRecent = now >= checkedAt && now - checkedAt < STORE_CHECK_EVERY_MS;
    // A clock that was set back must not keep an old verdict until it has caught up.
    if (!isRecent) {
      checkedAt = now;
      storeIsReady = checkStore().then(
        () => true,
        (error: unknown) => {
          onStoreError(error);
          return false;
        },
      );
    }
    return storeIsReady;
  }

  return {
    async notReady() {
      const parts: Part[] = [];
      if (!(await isStoreReady())) parts.push('store');
      if (isTokenRejected()) parts.push('token');
      if (isDraining()) parts.push('draining');
      return parts;
    },
    warnings: parts.storeWarnings,
  };
}

/** The process lives and its event loop turns. */
export function answerHealthz(): RequestHandler {
  return (_req, res) => send(res, 200, 'application/json', Buffer.from('{"status":"ok"}'));
}

/** Whether requests should be sent here, and if not, for which parts. */
export function answerReadyz({ health }: { health: Health }): RequestHandler {
  return async (_req, res) => {
    const notReady = await health.notReady();
    const warnings = health.warnings();
    const body = {
      status: notReady.length === 0 ? 'ready' : 'not-ready',
      notReady,
      ...(warnings.length > 0 && { warnings }),
    };
    const status = notReady.length === 0 ? 200 : 503;
    send(res, status, 'application/json', Buffer.from(JSON.stringify(body)));
  };
}
