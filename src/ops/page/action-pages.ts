/** What an operator can do to an account from the page. Each action has a page that says what will happen and asks. */
import { html, type Html } from '../../html.ts';
import type { AccountView } from '../../add-contacts/account-view.ts';
import type { AccountSummary } from '../overview/summaries.ts';
import { age, bytes, exactTime, time } from './format.ts';
import { accountHref, withParams, type Setting } from './view.ts';

export const ACTIONS = ['online-since', 'withdraw', 'refresh-list', 'forget-list'] as const;
export type Action = (typeof ACTIONS)[number];

/** What the form for *online since* sends. */
export interface OnlineSinceForm {
  /** As `2026-01-01T08:00`. */
  readonly at: string;
  readonly zone: string;
}

const ZONES = ['Z', '+08:00'] as const;

/** The instant in a form, milliseconds since the epoch. Undefined if it is none, or in the future. */
export function readOnlineSince({ at, zone }: OnlineSinceForm, now: number): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?$/.test(at)) return undefined;
  if (!ZONES.some((one) => one === zone)) return undefined;
  const instant = Date.parse(`${at}${zone}`);
  // Written this way round, it also refuses NaN.
  return instant <= now ? instant : undefined;
}

/** The state that an action changes. */
export interface ActionFacts {
  readonly appId: string;
  readonly view: AccountView | undefined;
  readonly list: AccountSummary['list'];
}

/** Links to the actions that make sense for this account. */
export function actionLinks({ appId, view, list }: ActionFacts, setting: Setting): Html {
  const { words } = setting;
  const isDeclared = view?.record?.declaredOnlineSince !== undefined;
  const offered = ACTIONS.filter(
    (action) =>
      (action !== 'withdraw' || isDeclared) && (action !== 'forget-list' || list !== undefined),
  );
  return html`<nav class="actions" aria-label="${words.doTitle}">
    ${offered.map((action) => html`<a class="button ${isDangerous(action) && 'danger'}" href="${accountHref(setting, appId, `/${action}`)}">${words.do[action]}</a> `)}
  </nav>`;
}

function isDangerous(action: Action): boolean {
  return action === 'forget-list' || action === 'withdraw';
}

/** @param rejected what was sent before and could not be used */
export function actionPage(
  action: Action,
  facts: ActionFacts,
  setting: Setting,
  rejected?: OnlineSinceForm,
): Html {
  const { words, chosen } = setting;
  const { appId, view } = facts;
  const isNeverSeen = view !== undefined && view.record?.firstSeenAt === undefined;
  return html`<p>
      <a href="${accountHref(setting, appId)}">← <span class="app-id">${appId}</span></a>
    </p>
    <h1>${words.do[action]}</h1>
    <div class="panel">
      <p>${words.consequences[action]}</p>
      ${currently(action, facts, setting)}
      ${action === 'online-since' && isNeverSeen && html`<p class="note">${words.neverSeen}</p>`}
      ${rejected && html`<p class="note" role="alert">${words.badTime}</p>`}
      <form method="post" action="${action}${withParams({ lang: chosen })}">
        ${action === 'online-since' && instantFields(facts, setting, rejected)}
        <p class="buttons">
          <button type="submit" class="${isDangerous(action) && 'danger'}">
            ${words.confirm[action]}
          </button>
          <a href="${accountHref(setting, appId)}">${words.cancel}</a>
        </p>
      </form>
    </div>`;
}

function currently(
  action: Action,
  { view, list }: ActionFacts,
  setting: Setting,
): Html | undefined {
  const { words, now } = setting;
  if (action === 'online-since' || action === 'withdraw') {
    const standing = view?.standing;
    return html`<p>
      <strong>${words.currently}</strong> ${words.onlineSince}
      ${standing?.kind === 'known' ? html`${exactTime(standing.onlineSince)} UTC` : words.unknownSince}
    </p>`;
  }
  if (list === undefined) return html`<p><strong>${words.currently}</strong> ${words.noList}</p>`;
  return html`<p>
    <strong>${words.currently}</strong> ${bytes(list.bytes)}, ${words.saved}
    ${time(list.savedAt, now)} UTC (${words.ago(age(now - list.savedAt, words))})
  </p>`;
}

/** With a zone beside it: the browser's own is nowhere in such a field. */
function instantFields(
  { view }: ActionFacts,
  { words, now }: Setting,
  rejected: OnlineSinceForm | undefined,
): Html {
  const standing = view?.standing;
  const known = standing?.kind === 'known' ? standing.onlineSince : now;
  const at = rejected?.at ?? new Date(known).toISOString().slice(0, 16);
  const zone = rejected?.zone ?? 'Z';
  return html`<div class="inputs">
    <p>
      <label for="at">${words.dateAndTime}</label
      ><input
        id="at"
        name="at"
        type="datetime-local"
        required
        value="${at}"
        ${rejected && html` aria-invalid="true"`}
      />
    </p>
    <p>
      <label for="zone">${words.zone}</label
      ><select id="zone" name="zone">
        ${ZONES.map((one) => html`<option value="${one}" ${one === zone && html` selected`}>${words.zones[one]}</option>`)}
      </select>
    </p>
  </div>`;
}
