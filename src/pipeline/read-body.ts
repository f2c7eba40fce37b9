import type { Request, RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import { bodyBytes } from './body-bytes.ts';
import { secretSlot } from './identify.ts';
import { readJsonObject } from './json-object.ts';
import { createSlot } from './slot.ts';

export interface RequestBody {
  /** As they came, and as they go upstream. */
  readonly bytes: Buffer;
  readonly json: Readonly<Record<string, unknown>>;
  /** The top-level values as they are written. */
  readonly texts: ReadonlyMap<string, string>;
  readonly appId: string;
}

/** What the gateway decides by: nobody may be able to read these otherwise. */
const GUARDED_KEYS = ['appId', 'option', 'v3'];

export const bodySlot = createSlot<RequestBody>('body');

/** What identifies a WeChat device: also a key in stores and a part of admin paths, so its alphabet is narrow. */
export const APP_ID = /^[A-Za-z0-9_.:@-]{1,128}$/;

/** Takes the body within its bounds and reads the one thing that every operation has: `appId`. */
export function readBody({ bodyLimitBytes }: { bodyLimitBytes: number }): RequestHandler {
  return async (req, res, next) => {
    checkMediaType(req);
    const bytes = await bodyBytes(req, bodyLimitBytes);
    bodySlot.set(res, parse(bytes, secretSlot.of(res)));
    next();
  };
}

function checkMediaType(req: Request): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(req.get('content-type') ?? '')?.[1];
  const type = (req.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json' || (charset !== undefined && !/^utf-?8$/i.test(charset))) {
    throw new Refusal('unsupported-media-type', 'Send Content-Type: application/json, in UTF-8.');
  }
  if (req.get('content-encoding') !== undefined) {
    throw new Refusal('unsupported-media-type', 'Send the body without a Content-Encoding.');
  }
}

function parse(bytes: Buffer, holdsSecret: (text: string) => boolean): RequestBody {
  const reading = readJsonObject(bytes, GUARDED_KEYS);
  switch (reading.kind) {
    case 'not-json':
      throw new Refusal('invalid-json', 'The body is not valid JSON in UTF-8.');
    case 'not-an-object':
      throw new Refusal('invalid-body', 'The body must be a JSON object.');
    case 'duplicate-key':
      throw new Refusal(
        'duplicate-key',
        'A key stands twice in the body, perhaps in another spelling. Send each key once.',
      );
    case 'object': {
      const appId = reading.value['appId'];
      if (typeof appId !== 'string' || !APP_ID.test(appId)) {
        throw new Refusal(
          'invalid-app-id',
          'appId must be a string of 1 to 128 characters out of A-Z a-z 0-9 _ . : @ -.',
        );
      }
      if (holdsSecret(appId)) {
        // It would be kept, and shown to whoever may list accounts.
        throw new Refusal('invalid-app-id', 'appId must hold neither a token nor your key.');
      }
      return { bytes, json: reading.value, texts: reading.texts, appId };
    }
    default:
      return reading satisfies never;
  }
}
