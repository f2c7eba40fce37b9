import type { Request, Response } from 'express';
import { kindOf, Refusal } from '../errors.ts';
import { bodyBytes } from './body-bytes.ts';
import { secretSlot } from './identify.ts';
import { readJsonObject } from './json-object.ts';
import { mediaTypeFault } from './media-type.ts';

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
  res: Response,
  limitBytes: number,
  guarded: readonly string[] = [],
): Promise<JsonBody> {
  checkMediaType(req, secretSlot.of(res));
  const bytes = await bodyBytes(req, limitBytes);
  const reading = readJsonObject(bytes, guarded);
  switch (reading.kind) {
    case 'object':
      return { bytes, json: reading.value, texts: reading.texts };
    case 'not-json':
      throw new Refusal('invalid-json', reading.why);
    case 'not-an-object':
      throw new Refusal(
        'invalid-body',
        `The body is ${kindOf(reading.value)}. It must be a JSON object.`,
      );
    case 'duplicate-key':
      throw new Refusal(
        'duplicate-key',
        'A key stands twice in the body, perhaps in another spelling. Send each key once.',
      );
    default:
      return reading satisfies never;
  }
}

function checkMediaType(req: Request, isSecret: (text: string) => boolean): void {
  const fault = mediaTypeFault(
    req.get('content-type'),
    req.get('content-encoding'),
    (text) => !isSecret(text),
  );
  if (fault !== undefined) throw new Refusal('unsupported-media-type', fault);
}
