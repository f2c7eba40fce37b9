/** The parts of the page of one account. */
import { html, type Html } from '../../html.ts';
import type { AccountView } from '../../add-contacts/account-view.ts';
import { declaredBy } from '../../add-contacts/account-age.ts';
import type { Attempt } from '../../history/history.ts';
import type { AdminAction, ListFetch } from '../../history/ports.ts';
import type { AccountSummary } from '../overview/summaries.ts';
import { onlineSince, quotaMeter, savedList } from './account-table.ts';
import { changePart } from './change-table.ts';
import { bars, lane, scaleFor, steps } from './charts.ts';
import { age, bytes, clockTime, duration, exactTime, number, time } from './format.ts';
import { sign, type Regions } from './layout.ts';
import type { TileState } from './model.ts';
import { table, wideTable } from './table.ts';
import { accountHref, type Setting } from './view.ts';
import type { Words } from './words.ts';

/** Undefined for what the store could not say. */
export interface AccountFacts {
  readonly appId: string;
  readonly view: AccountView | undefined;
  readonly list: AccountSummary['list'];
  /** One page, newest first. */
  readonly attempts: readonly Attempt[] | undefined;
  /** Whether these are the newest, and the id after which the next page begins. */
  readonly isNewest: boolean;
  readonly older: string | undefined;
  readonly fetches: readonly ListFetch[] | undefined;
  readonly changes: readonly AdminAction[] | undefined;
  /** How long an account must be online before it can add, milliseconds; 0 if its age does not matter. */
  readonly minimumMs: number;
}

export function accountRegions(facts: AccountFacts, setting: Setting): Regions {
  const unreadable = html`<p class="note">${setting.words.unreadable}</p>`;
  const { view, attempts, fetches, changes } = facts;
  return {
    state: view === undefined ? unreadable : state(facts, view, setting),
    attempts: attempts === undefined ? unreadable : attemptPart(facts, attempts, setting),
    fetches: fetches === undefined ? unreadable : fetchPart(fetches, setting),
    changes: changePart(changes, setting, { namesAccounts: false }),
  };
}

function verdict(
  view: AccountView,
  minimumMs: number,
): { state: TileState; why: keyof Words['accountState'] } {
  if (!view.isKnown) return { state: 'idle', why: 'unknown' };
  if (view.canAddNow) return { state: 'good', why: 'canAdd' };
  const { standing, now } = view;
  const isYoung = standing.kind === 'known' && now - standing.onlineSince < minimumMs;
  return { state: 'warn', why: isYoung ? 'tooYoung' : 'exhausted' };
}

function state(facts: AccountFacts, view: AccountView, setting: Setting): Html {
  const { words, now } = setting;
  const { nextAddAt } = view;
  const found = verdict(view, facts.minimumMs);
  const opens =
    nextAddAt !== undefined && Number.isFinite(nextAddAt)
      ? html` · ${words.opens} ${time(nextAddAt, now)}
          <span class="quiet">(${age(nextAddAt - now, words)})</span>`
      : undefined;
  return html`<p class="verdict">
      ${sign(found.state)} <strong>${words.accountState[found.why]}</strong>${opens}
    </p>
    <div class="facts">
      <dl>
        ${fact(words.onlineSince, html`${onlineSince({ onlineSince: sinceOf(view) }, facts.minimumMs, setting)}`)}
        ${fact(words.firstSeen, view.record?.firstSeenAt === undefined ? words.never : time(view.record.firstSeenAt, now))}
        ${fact(words.list, facts.list ? savedList(facts.list, setting) : words.noList)}
      </dl>
      ${quotaTable(view, setting)}
    </div>`;
}

function fact(name: string, value: Html | string): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

function sinceOf({ standing, record }: AccountView): AccountSummary['onlineSince'] {
  if (standing.kind !== 'known') return undefined;
  return { at: standing.onlineSince, by: standing.by === 'operator' ? declaredBy(record) : 'seen' };
}

function quotaTable({ usage }: AccountView, setting: Setting): Html {
  const { words, now } = setting;
  const rows = usage.map((one) => {
    const name = words.quotaNames[one.rule.name] ?? one.rule.name;
    const opens =
      one.left > 0
        ? words.now
        : Number.isFinite(one.opensAt)
          ? time(one.opensAt, now)
          : words.never;
    return html`<tr>
      <th scope="row">${name}</th>
      <td>${quotaMeter(one, name, setting)}</td>
      <td>${opens}</td>
    </tr>`;
  });
  const head = [words.quota, words.leftOver, words.opensAt];
  return table({ name: words.quotas, head, rows, look: 'quotas' });
}

function attemptPart(facts: AccountFacts, attempts: readonly Attempt[], setting: Setting): Html {
  const { words } = setting;
  return html`<p class="quiet">${words.attemptsNote}</p>
    ${attempts.length === 0 ? html`<p>${words.noAttempts}</p>` : html`${timeLine(attempts, facts.isNewest, setting)}${attemptTable(attempts, setting)}`}
    ${attemptPages(facts, setting)}`;
}

type Lane = keyof Words['lanes'];

function laneOf({ outcome }: Attempt): Lane {
  return outcome.kind === 'sent' || outcome.kind === 'refused' ? outcome.kind : 'other';
}

/** At least an hour, so that two attempts in a minute are next to each other. */
const SHORTEST_LINE_MS = 3_600_000;

function timeLine(attempts: readonly Attempt[], isNewest: boolean, { words, now }: Setting): Html {
  const to = isNewest ? now : (attempts[0]?.at ?? now);
  const from = Math.min(to - SHORTEST_LINE_MS, attempts.at(-1)?.at ?? to);
  const byLane = Map.groupBy(attempts, laneOf);
  return html`<figure class="time-line">
    <figcaption class="hidden">${words.timeLine}</figcaption>
    ${(['sent', 'refused', 'other'] as const).map((name) => {
      const own = byLane.get(name) ?? [];
      const total = own.reduce((sum, { count }) => sum + count, 0);
      const title = `${words.lanes[name]}: ${number(total)}`;
      return html`<div class="lane-row">
        <span>${title}</span>${lane(
          title,
          name,
          own.map(({ at }) => at),
          from,
          to,
        )}
      </div>`;
    })}
    <div class="span" aria-hidden="true">
      <span>${clockTime(from, now)}</span><span>${clockTime(to, now)}</span>
    </div>
  </figure>`;
}

function attemptTable(attempts: readonly Attempt[], setting: Setting): Html {
  const { words } = setting;
  const head = [
    words.time,
    words.outcome,
    words.codeAndRule,
    words.count,
    words.client,
    words.subject,
    words.what,
    words.target,
    words.requestId,
  ];
  const rows = attempts.map((attempt) => attemptRow(attempt, setting));
  return wideTable({ name: words.attempts, head, rows, look: 'numbers' });
}

function attemptRow(attempt: Attempt, { words }: Setting): Html {
  const { at, outcome, count, client, subject, option, target, requestId } = attempt;
  return html`<tr>
    <th scope="row">${exactTime(at)}</th>
    <td class="text">
      <span class="reason ${laneOf(attempt)}">${words.attemptOutcomes[outcome.kind]}</span>
    </td>
    <td class="text">${reasonOf(outcome)}</td>
    <td>${number(count)}</td>
    <td class="text">${client}</td>
    <td class="text">${subject ?? '–'}</td>
    <td class="text">${words.options[option]}</td>
    <td class="text"><code>${target}</code></td>
    <td class="text"><code>${requestId}</code></td>
  </tr>`;
}

function reasonOf(outcome: Attempt['outcome']): Html | string {
  if (outcome.kind === 'sent') return `ret ${outcome.ret ?? '–'}`;
  if (outcome.kind !== 'refused') return '–';
  return html`<code>${outcome.code}</code
    >${outcome.rule !== undefined && html` <span class="quiet">${outcome.rule}</span>`}`;
}

function attemptPages(
  { appId, isNewest, older }: AccountFacts,
  setting: Setting,
): Html | undefined {
  const { words } = setting;
  if (isNewest && older === undefined) return undefined;
  return html`<nav class="pages" aria-label="${words.attempts}">
    ${isNewest ? html`<span class="quiet">${words.newest}</span>` : html`<a href="${accountHref(setting, appId)}#attempts-title">${words.newest}</a>`}
    ${older === undefined ? html`<span class="quiet">${words.older}</span>` : html`<a rel="next" href="${accountHref(setting, appId, '', { after: older })}#attempts-title">${words.older}</a>`}
  </nav>`;
}

function fetchPart(fetches: readonly ListFetch[], setting: Setting): Html {
  const { words } = setting;
  if (fetches.length === 0) return html`<p>${words.noFetches}</p>`;
  return html`<p class="quiet">${words.fetchNote}</p>
    <div class="charts two">${durationChart(fetches, setting)}${sizeChart(fetches, setting)}</div>
    ${fetchTable(fetches, setting)}`;
}

function durationChart(fetches: readonly ListFetch[], { words }: Setting): Html {
  const oldestFirst = fetches.toReversed();
  const most = Math.max(...fetches.map(({ durationMs }) => durationMs));
  const end = scaleFor(most);
  const values = (isList: boolean) =>
    oldestFirst.map(({ durationMs, outcome }) =>
      (outcome === 'list') === isList ? Math.max(1, durationMs) : 0,
    );
  return html`<figure class="chart">
    <figcaption>${words.durations}</figcaption>
    <div class="plot">
      <div class="scale" aria-hidden="true"><span>${duration(end, words)}</span><span>0</span></div>
      ${bars(
        words.mostOf(words.durations, duration(most, words)),
        [
          { className: 'answered', values: values(true) },
          { className: 'failed', values: values(false) },
        ],
        end,
      )}
    </div>
    <ul class="legend">
      <li class="answered">${words.list}</li>
      <li class="failed">${words.failed}</li>
    </ul>
  </figure>`;
}

function sizeChart(fetches: readonly ListFetch[], { words, now }: Setting): Html | undefined {
  const points = fetches
    .toReversed()
    .flatMap(({ at, bytes: value }) => (value === undefined ? [] : [{ at, value }]));
  const [first] = points;
  if (first === undefined) return undefined;
  const most = Math.max(...points.map(({ value }) => value));
  // Sizes are read in binary units.
  const end = 2 ** Math.ceil(Math.log2(Math.max(1, most)));
  return html`<figure class="chart">
    <figcaption>${words.sizes}</figcaption>
    <div class="plot">
      <div class="scale" aria-hidden="true"><span>${bytes(end)}</span><span>0</span></div>
      ${steps(words.mostOf(words.sizes, bytes(most)), points, now, end)}
      <div class="span" aria-hidden="true">
        <span>${clockTime(first.at, now)}</span><span>${clockTime(now, now)}</span>
      </div>
    </div>
  </figure>`;
}

function fetchTable(fetches: readonly ListFetch[], { words }: Setting): Html {
  const head = [
    words.time,
    words.outcome,
    words.duration,
    words.size,
    words.friends,
    words.chatrooms,
    words.ghs,
    words.requestId,
  ];
  const count = (value: number | undefined) =>
    html`<td>${value === undefined ? '–' : number(value)}</td>`;
  const rows = fetches.map(
    (one) =>
      html`<tr>
        <th scope="row">${exactTime(one.at)}</th>
        <td class="text">
          <span class="reason ${one.outcome === 'list' ? 'sent' : 'fetch-failed'}"
            >${words.outcomes[one.outcome]}</span
          >
        </td>
        <td>${duration(one.durationMs, words)}</td>
        <td>${one.bytes === undefined ? '–' : bytes(one.bytes)}</td>
        ${count(one.friends)}${count(one.chatrooms)}${count(one.ghs)}
        <td class="text"><code>${one.requestId}</code></td>
      </tr>`,
  );
  return wideTable({ name: words.fetchTitle, head, rows, look: 'numbers' });
}
