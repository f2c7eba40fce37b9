/** What a reader asked to see, and the links that lead there. Pure. */
import { ENTRY_ID } from '../../history/ports.ts';
import { APP_ID } from '../../http/body.ts';
import { languageNamed, type Language } from '../../http/language.ts';
import type { AccountQuery } from '../overview/select.ts';
import { WORDS, type Words } from './words.ts';

/** All that a page of the account list depends on, or a page of one account's attempts. */
export type View =
  | { readonly kind: 'overview'; readonly query: AccountQuery }
  | {
      readonly kind: 'account';
      readonly appId: string;
      /** The id of the last attempt of the page before; undefined for the newest. */
      readonly after: string | undefined;
    };

/** In what words, and from where, a page is written. */
export interface Setting {
  readonly language: Language;
  readonly words: Words;
  /** The language if the address names it. Links keep it. */
  readonly chosen: Language | undefined;
  /**
   * From this page to `/`, as `./` or `../`: links are relative, so that a proxy may put a path before the page.
   */
  readonly root: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const FILTERS: readonly AccountQuery['filter'][] = ['all', 'stale', 'refused-today'];
export const SORTS: readonly AccountQuery['sort'][] = [
  'app-id',
  'list-age',
  'list-bytes',
  'online-since',
  'last-attempt',
];
const DEFAULTS: AccountQuery = {
  search: '',
  filter: 'all',
  sort: 'app-id',
  descending: false,
  page: 1,
};
const LONGEST_SEARCH = 128;

/** Anything that is not understood counts as not given. */
export function readQuery(params: URLSearchParams): AccountQuery {
  const oneOf = <T extends string>(name: string, allowed: readonly T[]): T | undefined =>
    allowed.find((one) => one === params.get(name));
  const page = Number(params.get('page') ?? 1);
  return {
    search: (params.get('q') ?? '').trim().slice(0, LONGEST_SEARCH),
    filter: oneOf('filter', FILTERS) ?? DEFAULTS.filter,
    sort: oneOf('sort', SORTS) ?? DEFAULTS.sort,
    descending: params.get('order') === 'desc',
    page: Number.isSafeInteger(page) && page > 0 ? page : 1,
  };
}

/** The account and the page of its attempts. Undefined for what is no appId. */
export function readAccountView(appId: string, params: URLSearchParams): View | undefined {
  if (!APP_ID.test(appId)) return undefined;
  const after = params.get('after') ?? '';
  return { kind: 'account', appId, after: ENTRY_ID.test(after) ? after : undefined };
}

/** The view at a path of the page with its query, as in `/accounts/wx_a?after=7`. */
export function viewAt(target: string): { view: View; chosen: Language | undefined } | undefined {
  if (!target.startsWith('/')) return undefined;
  const { pathname, searchParams } = new URL(`http://page${target}`);
  const chosen = languageNamed(searchParams.get('lang'));
  if (pathname === '/')
    return { view: { kind: 'overview', query: readQuery(searchParams) }, chosen };
  const appId = /^\/accounts\/([^/]+)$/.exec(pathname)?.[1];
  const view = appId && readAccountView(decoded(appId), searchParams);
  return view ? { view, chosen } : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** The path and the query of a view, from `/` on. */
export function targetOf(view: View, chosen: Language | undefined): string {
  return view.kind === 'overview'
    ? `/${withParams({ ...queryParams(view.query), lang: chosen })}`
    : `/${accountPath(view.appId)}${withParams({ after: view.after, lang: chosen })}`;
}

/** From a page of this kind to `/`. */
export function rootOf(page: View['kind'] | 'action'): string {
  return { overview: './', account: '../', action: '../../' }[page];
}

/** The path of an account's page, from `/` on, without the slash. */
export function accountPath(appId: string): string {
  return `accounts/${encodeURIComponent(appId)}`;
}

export function overviewHref(
  { root, chosen }: Setting,
  change: Partial<AccountQuery> = {},
): string {
  return `${root}${withParams({ ...queryParams({ ...DEFAULTS, ...change }), lang: chosen })}`;
}

/** @param more such as `/forget-list` */
export function accountHref(
  { root, chosen }: Setting,
  appId: string,
  more = '',
  params: Readonly<Record<string, string | undefined>> = {},
): string {
  return `${root}${accountPath(appId)}${more}${withParams({ ...params, lang: chosen })}`;
}

/** Only what differs from what is shown anyway. */
function queryParams(query: AccountQuery): Record<string, string | undefined> {
  const { search, filter, sort, descending, page } = query;
  return {
    q: search === '' ? undefined : search,
    filter: filter === DEFAULTS.filter ? undefined : filter,
    sort: sort === DEFAULTS.sort ? undefined : sort,
    order: descending ? 'desc' : undefined,
    page: page === 1 ? undefined : String(page),
  };
}

export function withParams(params: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(params).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}

export function settingOf(
  language: Language,
  chosen: Language | undefined,
  root: string,
  now: number,
): Setting {
  return { language, words: WORDS[language], chosen, root, now };
}
