import type { Request } from 'express';
import { Refusal } from '../errors.ts';
import { bodyBytes } from './body-bytes.ts';
import { readJsonObject } from './json-object.ts';

export interface JsonBody {
  /** As they came. */
  readonly bytes: Buffer;
  readonly json: Readonly<Record<string, unknown>>;
  /** The top-level values as they are written. */
  readonly texts: ReadonlyMap<string, string>;
}

/**
 * The body of a request, which has to be a JSON object of at most `limitBytes` that is read in one way only. Rejects with
 * the Refusal of whatever it is instead.
 *
 * @param guarded top-level keys that must not stand there in another spelling as well
 */
export async function jsonBody(
  req: Request,
  limitBytes: number,
  guarded: readonly string[] = [],
): Promise<JsonBody> {
  checkMediaType(req);
  const bytes = await bodyBytes(req, limitBytes);
  const reading = readJsonObject(bytes, guarded);
  switch (reading.kind) {
    case 'object':
      return { bytes, json: reading.value, texts: reading.texts };
    case 'not-json':
      throw new Refusal('invalid-json', 'The body is not valid JSON in UTF-8.');
    case 'not-an-object':
      throw new Refusal('invalid-body', 'The body must be a JSON object.');
    case 'duplicate-key':
      throw new Refusal(
        'duplicate-key',
        'A key stands twice in the body, perhaps in another spelling. Send each key once.',
      );
    default:
      return reading satisfies never;
  }
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
