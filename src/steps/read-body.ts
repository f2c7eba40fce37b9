import type { RequestHandler } from 'express';
import { kindOf, Refusal } from '../errors.ts';
import { APP_ID, jsonBody, type JsonBody } from '../http/body.ts';
import { guardedKeys } from '../http/json-object.ts';
import { scopeOf } from '../http/request-scope.ts';

/** The keys that the gateway decides by: no parser may read them differently. */
const DECIDING = ['appId', 'option', 'v3'];
const GUARDED_KEYS = guardedKeys(...DECIDING);

/** Reads the body, up to its limit, and the one key that every operation has: `appId`. */
export function readBody({ bodyLimitBytes }: { bodyLimitBytes: number }): RequestHandler {
  return async (req, res, next) => {
    const scope = scopeOf(res);
    const body = await jsonBody(req, scope.holdsSecret, bodyLimitBytes, GUARDED_KEYS);
    const { appId } = body.json;
    if (typeof appId !== 'string' || !APP_ID.test(appId)) {
      const meant = Object.keys(body.json).find(isAlmostAppId);
      const named = meant !== undefined && scope.holdsSecret(meant) ? undefined : meant;
      throw new Refusal('invalid-app-id', appIdFault(appId, named));
    }
    // It would be stored, and shown in the operator's list of accounts.
    if (scope.holdsSecret(appId)) {
      throw new Refusal('invalid-app-id', 'appId must not contain a token or your key.');
    }
    scope.body = { ...onlyWhatDecides(body), appId };
    next();
  };
}

/**
 * Drops all other keys. A body is held until the upstream answers, and a megabyte of `[0],[0],…` takes seventeen as
 * objects: a few hundred of those would end the process.
 */
function onlyWhatDecides({ bytes, json, texts }: JsonBody): JsonBody {
  const kept: Record<string, unknown> = {};
  for (const key of DECIDING) if (Object.hasOwn(json, key)) kept[key] = json[key];
  return { bytes, json: kept, texts: onlyOption(texts) };
}

/** Only a number can be written so that parsers round it differently, and only `option` is one. */
function onlyOption(texts: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const text = texts.get('option');
  // A copy, because a slice would keep the whole string in memory.
  return text === undefined ? NO_TEXTS : new Map([['option', Buffer.from(text).toString()]]);
}

const NO_TEXTS: ReadonlyMap<string, string> = new Map();

/**
 * What is wrong with an appId, without repeating it.
 *
 * @param meant a key of the body that looks as if it was meant to be `appId`
 */
function appIdFault(appId: unknown, meant: string | undefined): string {
  if (appId === undefined) {
    return meant === undefined
      ? 'appId is missing at the top level of the body.'
      : `appId is missing. The body has \`${meant}\`; write \`appId\`.`;
  }
  if (typeof appId !== 'string') return `appId is ${kindOf(appId)}. It must be a string.`;
  if (appId === '') return 'appId is empty.';
  if (appId.length > 128) return `appId has ${appId.length} characters. The maximum is 128.`;
  const at = appId.search(/[^A-Za-z0-9_.:@-]/);
  return `Character ${at + 1} of appId is not allowed. Use only A-Z a-z 0-9 _ . : @ -.`;
}

/** `appid`, `app_id`, `wxAppId` and the like; nothing long or strange, because it is repeated. */
function isAlmostAppId(key: string): boolean {
  return /^[A-Za-z0-9_. -]{1,32}$/.test(key) && /appid/i.test(key.replace(/[_. -]/g, ''));
}
