/** Where the operators' pages are, relative to each other, so that a proxy may put a path before them. Pure. */

/** Whether a page is at this path of the ops listener. */
function isPage(path: string): boolean {
  return path === '/' || path.startsWith('/accounts/');
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly accept: string | undefined;
  /** `Sec-Fetch-Dest` */
  readonly destination: string | undefined;
}

/** Whether a browser asks for a page to show. Programs ask for the same paths without wanting HTML. */
export function wantsPage({ method, path, accept, destination }: Asked): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || !isPage(path)) return false;
  return destination === 'document' || /\btext\/html\b/i.test(accept ?? '');
}

/** The pages that a sign-in leads back to, as seen from the listener's root. A link can name no other place. */
const PLACE =
  /^(?:accounts\/[A-Za-z0-9_.:@%-]{1,384}(?:\/[a-z-]{1,40})?)?(?:\?[\w.~%&=+:@-]{0,500})?$/;

/**
 * The relative address of the sign-in page for somebody who asked for `target`, with the way back in it.
 *
 * @param target path and query of a page, beginning with `/`
 */
export function signInFrom(target: string): string {
  const [path = '/'] = target.split('?', 1);
  const up = '../'.repeat(path.split('/').length - 2);
  const place = target.slice(1);
  const back = place === '' || !PLACE.test(place) ? '' : `?to=${encodeURIComponent(place)}`;
  return `${up}sign-in${back}`;
}

/** The relative address, as seen from the sign-in page, of the page that `to` names; the first page if it names none. */
export function placeOf(to: unknown): string {
  return typeof to === 'string' && PLACE.test(to) ? `./${to}` : './';
}
