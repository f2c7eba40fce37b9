import type { RequestScope } from './request-scope.ts';

/** In characters. */
const MOST_LOGGED = 200;

/** More layers of percent-encoding than any client makes. */
const MOST_LAYERS = 5;

/** Keys (`keys new`), session tokens, and JWTs: some callers put theirs into the path and nowhere else. */
const LIKE_A_CREDENTIAL = /gw[ks]_|eyJ/;

/**
 * The path of a request as the log may show it: without its query, at most 200 characters. Each part that holds the
 * upstream token, the caller's key or what looks like a key is replaced by `***`, also if it is percent-encoded.
 *
 * @param target as it came, such as `/contact/search?x=1`
 */
export function loggedPath(target: string, { holdsSecret }: Pick<RequestScope, 'holdsSecret'>) {
  const isSecret = (text: string) =>
    layersOf(text).some((layer) => LIKE_A_CREDENTIAL.test(layer) || holdsSecret(layer));
  const [path = ''] = target.split(/[?#]/, 1);
  const shown = path
    .split('/')
    .map((part) => (isSecret(part) ? '***' : part))
    .join('/');
  // A secret may contain slashes.
  return isSecret(shown) ? '***' : shown.slice(0, MOST_LOGGED);
}

/** The text, and what it is under each layer of percent-encoding. Lenient: a stray `%` stays. */
function layersOf(text: string): string[] {
  const layers = [text];
  for (let layer = text; layers.length <= MOST_LAYERS;) {
    const next = layer.replace(/%[0-9A-Fa-f]{2}/g, (escape) =>
      String.fromCharCode(Number.parseInt(escape.slice(1), 16)),
    );
    if (next === layer) break;
    layers.push((layer = next));
  }
  return layers;
}
