import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Clock } from '../time.ts';
import type { Trace } from '../gewe/headers.ts';
import type { Scrubber } from '../gewe/scrub.ts';
import { isCommon } from '../gewe/spellings.ts';
import type { Client, ClientDirectory } from '../settings/client.ts';
import { shownKey, type ShownKey } from './credentials.ts';
import type { Face } from './render-refusal.ts';
import { createSlot } from './slot.ts';

export const traceSlot = createSlot<Trace>('trace');
export const startSlot = createSlot<number>('start');

export const faceSlot = createSlot<Face>('face');

/** Who calls, as far as the headers tell. Whether that is enough is decided later. */
export const callerSlot = createSlot<{
  readonly shown: ShownKey | undefined;
  readonly client: Client | undefined;
}>('caller');

/** Whether a text holds the upstream token or the key that the request shows: then it is neither repeated nor kept. */
export const secretSlot = createSlot<(text: string) => boolean>('secret');

/**
 * Gives the request its id and its start, and remembers how its refusals have to look: also those that come before
 * the client is let in.
 *
 * @param clients left out where nobody has a client's key: on the ops listener
 */
export function identify({
  clock,
  scrubber,
  clients,
}: {
  clock: Clock;
  scrubber: Pick<Scrubber, 'holds'>;
  clients?: Pick<ClientDirectory, 'find'>;
}): RequestHandler {
  return (req, res, next) => {
    const shown = shownKey(req.headers);
    const holdsSecret = (text: string) => holdsKey(text, shown) || scrubber.holds(text);
    const repeatable = (text: string | undefined) =>
      text === undefined || holdsSecret(text) ? undefined : text;
    const trace = {
      requestId: repeatable(wellFormedId(req.get('x-request-id'))) ?? randomUUID(),
      traceparent: repeatable(validTraceparent(req.get('traceparent'))),
    };
    startSlot.set(res, clock.now());
    traceSlot.set(res, trace);
    secretSlot.set(res, holdsSecret);
    const client = shown && clients?.find(shown.key);
    callerSlot.set(res, { shown, client });
    // Where there are no clients, nobody was written for the vendor.
    const isVendors = clients !== undefined && shown?.place === 'x-gewe-token';
    faceSlot.set(res, client?.errors ?? (isVendors ? 'gewe' : 'http'));
    res.setHeader('X-Request-Id', trace.requestId);
    next();
  };
}

function holdsKey(text: string, shown: ShownKey | undefined): boolean {
  if (shown === undefined) return false;
  return isCommon(shown.key) ? text === shown.key : text.includes(shown.key);
}

/** Only characters that can neither break a log line nor a header, and few enough of them. */
function wellFormedId(id: string | undefined): string | undefined {
  return id !== undefined && /^[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}$/.test(id) ? id : undefined;
}

/** W3C Trace Context, section 3.2.2: version 00, ids not all zero. */
function validTraceparent(value: string | undefined): string | undefined {
  const parts = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(value ?? '');
  if (parts === null) return undefined;
  return parts.slice(1).some((id) => /^0+$/.test(id ?? '')) ? undefined : value;
}
