import type { RequestHandler } from 'express';
import { shuttingDown } from '../errors.ts';

/** Refuses requests that come after the grace period of a stop. Another gateway can serve them. */
export function refuseAfterGrace({ isGraceOver }: { isGraceOver(): boolean }): RequestHandler {
  return (_req, _res, next) => {
    if (isGraceOver()) throw shuttingDown();
    next();
  };
}
