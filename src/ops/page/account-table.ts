/** The table of accounts: a search, one page of rows, and links to the others. */
import { html, type Html } from '../../html.ts';
import type { AccountView } from '../../add-contacts/account-view.ts';
import type { QuotaUsage } from '../../add-contacts/rules.ts';
import { FETCHES_KEPT, type ListFetch } from '../../history/ports.ts';
import { ACCOUNTS_PER_PAGE, type AccountQuery, type SelectedAccounts } from '../overview/select.ts';
import type { AccountSummary } from '../overview/summaries.ts';
import { sparkline } from './charts.ts';
import { age, bytes, duration, time } from './format.ts';
import { accountHref, FILTERS, LONGEST_SEARCH, overviewHref, SORTS, type Setting } from './view.ts';

/** A row: what all accounts are known by, and what was looked up for this one. */
export interface AccountRow {
  readonly summary: AccountSummary;
  /** Undefined if the store could not say. */
  readonly view: Pick<AccountView, 'usage' | 'nextAddAt'> | undefined;
  /** Newest first. */
  readonly fetches: readonly ListFetch[];
}

export interface AccountTable extends Omit<SelectedAccounts, 'rows'> {
  readonly query: AccountQuery;
  readonly rows: readonly AccountRow[];
  /** How long an account must be online before it can add, milliseconds; 0 if its age does not matter. */
  readonly minimumMs: number;
}

/** Stays as it is while the page is live: somebody may be typing in it. */
export function accountSearch(query: AccountQuery, setting: Setting): Html {
  const { words, root, chosen } = setting;
  const options = <T extends string>(
    all: readonly T[],
    names: Readonly<Record<T, string>>,
    now: T,
  ) =>
    all.map(
      (one) =>
        html`<option value="${one}" ${one === now && html` selected`}>${names[one]}</option>`,
    );
  return html`<form class="search" method="get" action="${root}#accounts-title" role="search">
    ${chosen !== undefined && html`<input type="hidden" name="lang" value="${chosen}" />`}
    <p class="grow">
      <label for="q">${words.search}</label
      ><input
        id="q"
        name="q"
        type="search"
        value="${query.search}"
        maxlength="${LONGEST_SEARCH}"
        autocomplete="off"
        spellcheck="false"
      />
    </p>
    <p>
      <label for="filter">${words.show}</label
      ><select id="filter" name="filter">
        ${options(FILTERS, words.filters, query.filter)}
      </select>
    </p>
    <p>
      <label for="sort">${words.sort}</label
      ><select id="sort" name="sort">
        ${options(SORTS, words.sorts, query.sort)}
      </select>
    </p>
    <p>
      <label for="order">${words.order}</label
      ><select id="order" name="order">
        <option value="asc">${words.ascending}</option>
        <option value="desc" ${query.descending && html` selected`}>${words.descending}</option>
      </select>
    </p>
    <p><button type="submit">${words.apply}</button></p>
  </form>`;
}

export function accountTable(table: AccountTable | undefined, setting: Setting): Html {
  const { words } = setting;
  if (table === undefined) return html`<p class="note">${words.unreadable}</p>`;
  const { rows, total, query, page } = table;
  if (total === 0) {
    const isAsked = query.search !== '' || query.filter !== 'all';
    return html`<p class="quiet">
      ${isAsked ? words.found(0, 0, 0) : words.noAccounts}
      ${isAsked && html`<a href="${overviewHref(setting)}#accounts-title">${words.clear}</a>`}
    </p>`;
  }
  const first = (page - 1) * ACCOUNTS_PER_PAGE + 1;
  const head = [
    words.account,
    words.onlineSince,
    words.adds,
    words.accepts,
    words.list,
    words.fetches,
    words.lastAttempt,
  ];
  return html`<p class="quiet">${words.found(total, first, first + rows.length - 1)}</p>
    <table class="cards" role="table">
      <caption class="hidden">
        ${words.accounts}
      </caption>
      <thead role="rowgroup">
        <tr role="row">
          ${head.map((one) => html`<th scope="col" role="columnheader">${one}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map((row) => accountRow(row, table, setting))}
      </tbody>
    </table>
    ${pages(table, setting)}`;
}

function accountRow(
  { summary, view, fetches }: AccountRow,
  { minimumMs }: AccountTable,
  setting: Setting,
): Html {
  const { words, now } = setting;
  const { appId, list, lastAttemptAt, refusedToday } = summary;
  const cell = (label: string, content: Html | string) =>
    html`<td role="cell" data-label="${label}"><div>${content}</div></td>`;
  return html`<tr role="row">
    <th scope="row" role="rowheader">
      <a class="app-id" href="${accountHref(setting, appId)}">${appId}</a>
    </th>
    ${cell(words.onlineSince, onlineSince(summary, minimumMs, setting))}
    ${cell(words.adds, html`${quotaLeft(view?.usage, 'add-per-day', words.adds, setting)}${view?.nextAddAt !== undefined && html`<span class="quiet">${words.nextAt} ${nextAdd(view.nextAddAt, setting)}</span>`}`)}
    ${cell(words.accepts, quotaLeft(view?.usage, 'accept-per-day', words.accepts, setting))}
    ${cell(words.list, list ? savedList(list, setting) : html`<span class="quiet">${words.none}</span>`)}
    ${cell(words.fetches, fetchLine(fetches, setting))}
    ${cell(words.lastAttempt, html`${lastAttemptAt === undefined ? html`<span class="quiet">${words.never}</span>` : time(lastAttemptAt, now, words.ago(age(now - lastAttemptAt, words)))}${refusedToday > 0 && html`<span class="reason refused-today">${words.troubles.refused(refusedToday)}</span>`}`)}
  </tr>`;
}

/** Some rules never open. */
function nextAdd(at: number, { words, now }: Setting): Html | string {
  return Number.isFinite(at) ? time(at, now) : words.never;
}

export function onlineSince(
  { onlineSince: since }: Pick<AccountSummary, 'onlineSince'>,
  minimumMs: number,
  setting: Setting,
): Html {
  const { words, now } = setting;
  if (since === undefined) return html`<span class="quiet">${words.unknownSince}</span>`;
  const length = now - since.at;
  const [written, minimum] = [age(length, words), age(minimumMs, words)];
  const label = length < minimumMs ? words.ageOf(written, minimum) : words.oldEnough(minimum);
  // In whole minutes: a live page is sent what has changed.
  const inMinutes = (ms: number) => Math.floor(Math.max(0, ms) / 60_000);
  const end = inMinutes(minimumMs);
  return html`<span class="amount"
      >${minimumMs > 0 && html`<meter class="age" min="0" max="${end}" low="${end}" high="${end}" optimum="${end}" value="${Math.min(end, inMinutes(length))}" aria-label="${label}"></meter>`}
      ${time(since.at, now, written)}</span
    >
    <span class="quiet">${words.knownBy[since.by]}</span>`;
}

function quotaLeft(
  usage: readonly QuotaUsage[] | undefined,
  name: string,
  label: string,
  setting: Setting,
): Html {
  const found = usage?.find(({ rule }) => rule.name === name);
  if (found === undefined) return html`<span class="quiet">–</span>`;
  return quotaMeter(found, label, setting);
}

export function quotaMeter(
  { left, limit }: Pick<QuotaUsage, 'left' | 'limit'>,
  label: string,
  { words }: Setting,
): Html {
  const text = words.ofLimit(left, limit);
  return html`<span class="amount"
    ><meter
      min="0"
      max="${Math.max(1, limit)}"
      low="1"
      high="1"
      optimum="${Math.max(1, limit)}"
      value="${left}"
      aria-label="${label}: ${text}"
    ></meter
    ><span>${text}</span></span
  >`;
}

/** How old the saved list is, its size and its source. */
export function savedList(
  { savedAt, bytes: size, source }: NonNullable<AccountSummary['list']>,
  { words, now }: Setting,
): Html {
  return html`<span>${time(savedAt, now, words.ago(age(now - savedAt, words)))}</span>
    <span class="quiet">${bytes(size)}, ${words.sources[source]}</span>`;
}

function fetchLine(fetches: readonly ListFetch[], { words }: Setting): Html {
  const [last] = fetches;
  if (last === undefined) return html`<span class="quiet">${words.none}</span>`;
  const values = fetches
    .toReversed()
    .map(({ durationMs, outcome }) => ({ value: durationMs, isBad: outcome !== 'list' }));
  const longest = duration(Math.max(...values.map(({ value }) => value)), words);
  const failed = values.filter(({ isBad }) => isBad).length;
  const title = words.fetchesOf(values.length, duration(last.durationMs, words), longest, failed);
  return html`<span class="amount"
    >${sparkline(title, values, FETCHES_KEPT)}
    <span class="quiet">${duration(last.durationMs, words)}</span></span
  >`;
}

function pages({ page, pages: count, query }: AccountTable, setting: Setting): Html | undefined {
  const { words } = setting;
  if (count <= 1) return undefined;
  const link = (to: number, text: string, rel: string) =>
    to < 1 || to > count
      ? html`<span class="quiet">${text}</span>`
      : html`<a rel="${rel}" href="${overviewHref(setting, { ...query, page: to })}#accounts-title"
          >${text}</a
        >`;
  return html`<nav class="pages" aria-label="${words.pages}">
    ${link(page - 1, words.previous, 'prev')}
    <span>${words.page(page, count)}</span> ${link(page + 1, words.next, 'next')}
  </nav>`;
}
