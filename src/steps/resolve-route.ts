import type { RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import { rightSpelling } from '../gewe/operations.ts';
import { scopeOf, type RequestScope, type Route } from '../http/request-scope.ts';
import type { Settings } from '../settings/settings.ts';

/**
 * Slashes may be doubled and one may follow, because base URLs often end in one. Only the name goes to the upstream.
 */
const PATH =
  /^(?:(?:\/{1,2}gewe)?\/{1,2}v2\/{1,2}api)?\/{1,2}contacts\/{1,2}([A-Za-z][A-Za-z0-9]{0,127})\/?$/;

/**
 * The operation that a path names, or undefined. Read from the target as it came: no decoding, no dot segments, no
 * other spelling of the name, so that the operation that was checked is the one that is called. Bounded in length,
 * because it is logged even for callers without a key.
 */
export function operationOf(target: string): string | undefined {
  const path = target.split('?', 1)[0] ?? '';
  return PATH.exec(path)?.[1];
}

/** The gateway's own routes: their paths and the methods that they have. */
const OWN_ROUTES: readonly {
  readonly route: Exclude<Route, 'operation'>;
  readonly path: RegExp;
  readonly methods: readonly string[];
}[] = [
  { route: 'sessions', path: /^\/{1,2}sessions\/?$/, methods: ['POST', 'DELETE', 'OPTIONS'] },
  {
    route: 'accounts',
    path: /^\/{1,2}accounts\/{1,2}[^/]+\/?$/,
    methods: ['GET', 'HEAD', 'OPTIONS'],
  },
  {
    route: 'docs',
    path: /^\/(?:docs(?:\/|\/page\.css|\/page\.js)?|openapi\.json)$/,
    methods: ['GET', 'HEAD'],
  },
];

/** Finds what a path leads to: 404 for nothing, 405 for a method that it does not have. */
export function resolveRoute({ docs }: Pick<Settings, 'docs'>): RequestHandler {
  const ownRoutes = OWN_ROUTES.filter(({ route }) => route !== 'docs' || docs === 'both');
  return (req, res, next) => {
    const scope = scopeOf(res);
    const operation = operationOf(req.originalUrl);
    const own = operation === undefined ? ownRoutes.find(isAt(req.originalUrl)) : undefined;
    if (own === undefined) scope.operation = assertCallable(operation, scope);
    scope.route = own?.route ?? 'operation';
    // A browser asks with OPTIONS first (Fetch standard, CORS-preflight); a later step answers.
    const methods = own?.methods ?? ['POST', 'OPTIONS'];
    if (!methods.includes(req.method)) {
      const allow = methods.join(', ');
      throw new Refusal('method-not-allowed', `Use ${allow} here.`, { headers: { Allow: allow } });
    }
    next();
  };
}

function isAt(target: string) {
  const [path = ''] = target.split('?', 1);
  return (own: (typeof OWN_ROUTES)[number]) => own.path.test(path);
}

/** @throws Refusal if the path names no operation, or one in another case */
function assertCallable(operation: string | undefined, scope: RequestScope): string {
  // A secret in its place would be logged, and sent to the upstream in the path.
  if (operation === undefined || scope.holdsSecret(operation)) {
    throw new Refusal(
      'not-found',
      'No such path. Operations are POST /contacts/<operation>, also under /v2/api and /gewe/v2/api. Paths are case-sensitive.',
    );
  }
  const known = rightSpelling(operation);
  if (known !== undefined) {
    throw new Refusal('not-found', `Paths are case-sensitive. Did you mean ${known}?`);
  }
  return operation;
}
