import type { RequestHandler } from 'express';
import { shuttingDown } from '../errors.ts';

/** A request that comes when those under way are being ended. Another gateway can take it. */
export function refuseAfterGrace({ isGraceOver }: { isGraceOver(): boolean }): RequestHandler {
  return (_req, _res, next) => {
    if (isGraceOver()) throw shuttingDown();
    next();
  };
}
