import type { RequestHandler } from 'express';
import { shuttingDown } from '../errors.ts';

/** A request on a connection that was open before the gateway began to stop. Another gateway can take it. */
export function refuseWhileDraining({ isDraining }: { isDraining(): boolean }): RequestHandler {
  return (_req, res, next) => {
    if (!isDraining()) return next();
    res.setHeader('Connection', 'close');
    throw shuttingDown();
  };
}
