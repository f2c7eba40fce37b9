/**
 * What is wrong with the headers of a body, in words for its sender; undefined for JSON in UTF-8 without a coding.
 * Pure.
 *
 * @param mayRepeat whether a text may be shown: it holds no secret
 */
export function mediaTypeFault(
  contentType: string | undefined,
  contentEncoding: string | undefined,
  mayRepeat: (text: string) => boolean,
): string | undefined {
  const shown = (text: string, shape: RegExp, header = text) =>
    shape.test(text) && mayRepeat(header) ? text : undefined;
  const type = (contentType ?? '').split(';', 1)[0]?.trim() ?? '';
  if (type === '') return `The request has no Content-Type. ${SEND_JSON}`;
  if (type.toLowerCase() !== 'application/json') {
    const came = shown(type, MEDIA_TYPE, contentType);
    const hint = came?.toLowerCase() === FORM ? 'curl -d sends a form unless told otherwise. ' : '';
    return `The Content-Type is ${came ?? 'not application/json'}. ${hint}${SEND_JSON}`;
  }
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType ?? '')?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    const came = shown(charset, CODING, contentType);
    return `The charset of the Content-Type is ${came ?? 'not UTF-8'}. Send the body in UTF-8.`;
  }
  const coding = (contentEncoding ?? '').split(',').find((one) => !encodesNothing(one.trim()));
  if (coding === undefined) return undefined;
  const came = shown(coding.trim(), CODING, contentEncoding);
  const what = came === undefined ? 'a Content-Encoding' : `the Content-Encoding ${came}`;
  return `The body has ${what}. Send it without one.`;
}

const FORM = 'application/x-www-form-urlencoded';
const SEND_JSON = 'Send Content-Type: application/json.';

/** Narrower than RFC 9110 section 8.3.1 allows: what is longer or looks stranger is not repeated. */
const MEDIA_TYPE = /^[a-z]{1,20}\/[a-z0-9.+-]{1,60}$/i;
const CODING = /^[a-z0-9._-]{1,30}$/i;

/** Some clients name their charset here, as if it were a coding (RFC 9110 section 8.4). */
function encodesNothing(coding: string): boolean {
  return coding === '' || coding.toLowerCase() === 'identity' || isCharset(coding);
}

function isCharset(name: string): boolean {
  try {
    return new TextDecoder(name).encoding !== '';
  } catch {
    return false;
  }
}
