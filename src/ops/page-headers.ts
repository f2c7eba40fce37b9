import type { Headers } from '../http/request-scope.ts';

/**
 * Headers of an operator's page, in the place of those for JSON.
 *
 * @param sources further directives of its Content-Security-Policy; `default-src` is `'none'`
 */
export function pageHeaders(sources: string): Headers {
  return {
    'Content-Security-Policy': `default-src 'none';style-src 'self';img-src data:;form-action 'self';base-uri 'none';frame-ancestors 'none'${sources}`,
    // With `no-referrer`, browsers send `Origin: null` with a form (Fetch section 3.2), which must be this listener's own.
    'Referrer-Policy': 'same-origin',
  };
}
