import type { RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import { secretSlot } from './identify.ts';
import { jsonBody, type JsonBody } from './json-body.ts';
import { createSlot } from './slot.ts';

/** What later steps need of a body: its bytes, and the keys that decide. */
export interface RequestBody extends JsonBody {
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
    const body = await jsonBody(req, bodyLimitBytes, GUARDED_KEYS);
    const { appId } = body.json;
    if (typeof appId !== 'string' || !APP_ID.test(appId)) {
      throw new Refusal(
        'invalid-app-id',
        'appId must be a string of 1 to 128 characters out of A-Z a-z 0-9 _ . : @ -.',
      );
    }
    // It would be kept, and shown to whoever may list accounts.
    if (secretSlot.of(res)(appId)) {
      throw new Refusal('invalid-app-id', 'appId must hold neither a token nor your key.');
    }
    bodySlot.set(res, { ...onlyWhatDecides(body), appId });
    next();
  };
}

/**
 * A body is held as long as the upstream takes, and a megabyte of `[0],[0],…` is seventeen as objects: some hundred
 * of those would end the process.
 */
function onlyWhatDecides({ bytes, json, texts }: JsonBody): JsonBody {
  const present = GUARDED_KEYS.filter((key) => Object.hasOwn(json, key));
  return {
    bytes,
    json: Object.fromEntries(present.map((key) => [key, json[key]])),
    // A copy of each: a part of a string keeps all of it.
    texts: new Map(present.map((key) => [key, Buffer.from(texts.get(key) ?? '').toString()])),
  };
}
