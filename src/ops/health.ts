import type { RequestHandler } from 'express';
import type { Clock } from '../time.ts';
import { send } from '../http/send.ts';

/** A part that must work for the gateway to be ready. */
export type Part = 'store' | 'token' | 'draining';

export interface Health {
  /** The parts that are not ready; empty if all is well. */
  notReady(): Promise<Part[]>;
  /** Store settings that can lose data, issuers without keys, and files that were changed to something unusable. */
  warnings(): readonly string[];
  /** `open` while the upstream as a whole is held to be down. Other gateways would not do better: that is still ready. */
  breaker(): 'closed' | 'open';
  /** Whether the upstream has accepted the token in force. Until a call has tried it, nobody knows. */
  isTokenAccepted(): boolean;
}

/** Whether a file as it is on the disk now is in force; undefined if there is no such file. */
export interface WatchedFiles {
  readonly clients: boolean | undefined;
  readonly token: boolean | undefined;
}

interface HealthParts {
  readonly clock: Clock;
  checkStore(): Promise<void>;
  storeWarnings(): readonly string[];
  issuerWarnings(): readonly string[];
  watchedFiles(): WatchedFiles;
  isBreakerOpen(): boolean;
  isTokenRejected(): boolean;
  isTokenAccepted(): boolean;
  isDraining(): boolean;
  onStoreError(error: unknown): void;
}

/** Anyone may send probes, and several balancers do: the store is checked once a second at most. */
const STORE_CHECK_EVERY_MS = 1000;

export function createHealth(parts: HealthParts): Health {
  const { clock, checkStore, isTokenRejected, isDraining, onStoreError } = parts;
  let checkedAt = -Infinity;
  let storeIsReady: Promise<boolean> = Promise.resolve(true);

  function isStoreReady(): Promise<boolean> {
    const now = clock.monotonic();
    if (now - checkedAt >= STORE_CHECK_EVERY_MS) {
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
    warnings: () => [
      ...parts.storeWarnings(),
      ...parts.issuerWarnings(),
      ...fileWarnings(parts.watchedFiles()),
    ],
    breaker: () => (parts.isBreakerOpen() ? 'open' : 'closed'),
    isTokenAccepted: () => parts.isTokenAccepted(),
  };
}

function fileWarnings({ clients, token }: WatchedFiles): string[] {
  return [
    ...(clients === false ? ['clients-file-not-taken-over'] : []),
    ...(token === false ? ['token-file-not-taken-over'] : []),
  ];
}

/** Answers `/healthz` and `/readyz`, which need no key; everything else passes. */
export function answerHealth(parts: { health: Health }): RequestHandler {
  const [healthz, readyz] = [answerHealthz(), answerReadyz(parts)];
  return (req, res, next) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return next();
    if (req.path === '/healthz') return healthz(req, res, next);
    return req.path === '/readyz' ? readyz(req, res, next) : next();
  };
}

/** Answers 200: the process is alive and its event loop runs. */
export function answerHealthz(): RequestHandler {
  return (_req, res) => send(res, 200, 'application/json', Buffer.from('{"status":"ok"}'));
}

/** Answers 200 if requests should be sent here, otherwise 503 with the parts that are not ready. */
export function answerReadyz({ health }: { health: Health }): RequestHandler {
  return async (_req, res) => {
    const notReady = await health.notReady();
    const warnings = health.warnings();
    const body = {
      status: notReady.length === 0 ? 'ready' : 'not-ready',
      notReady,
      breaker: health.breaker(),
      ...(warnings.length > 0 && { warnings }),
    };
    const status = notReady.length === 0 ? 200 : 503;
    send(res, status, 'application/json', Buffer.from(JSON.stringify(body)));
  };
}
