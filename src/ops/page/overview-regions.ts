/** The parts of the first page that are the same for every reader of one language. */
import { html, type Html } from '../../html.ts';
import type { AdminAction } from '../../history/ports.ts';
import type { About } from '../about.ts';
import type { ClientActivity, RequestCounts } from '../client-activity.ts';
import type { Trouble } from '../overview/select.ts';
import type { RecentSpan } from '../recent.ts';
import { changePart } from './change-table.ts';
import { bars, scaleFor, stacked, type Series } from './charts.ts';
import { age, clockTime, duration, number, time } from './format.ts';
import { sign, type Regions } from './layout.ts';
import {
  needs,
  otherWarnings,
  tiles,
  todayOf,
  type Facts,
  type Need,
  type Tiles,
  type TileState,
} from './model.ts';
import { wideTable } from './table.ts';
import { accountHref, overviewHref, type Setting } from './view.ts';

export interface OverviewFacts extends Facts {
  readonly about: Omit<About, 'clientCount'>;
  /** Minute by minute, and in steps of ten minutes, oldest first. */
  readonly minutes: readonly RecentSpan[];
  readonly tens: readonly RecentSpan[];
  /** The last of all accounts, newest first; undefined if the store could not say. */
  readonly changes: readonly AdminAction[] | undefined;
}

export function overviewRegions(facts: OverviewFacts, setting: Setting): Regions {
  const found = needs(facts);
  return {
    sentence: sentence(found, setting),
    needs: needList(found, setting),
    tiles: tileList(facts, setting),
    worst: worstTable(facts.troubles, setting),
    charts: charts(facts, setting),
    clients: clientTable(facts.clients, setting),
    changes: changePart(facts.changes, setting, { namesAccounts: true }),
  };
}

function sentence(found: readonly Need[], { words }: Setting): Html {
  const isWell = found.length === 0;
  return html`<h1>
    ${sign(isWell ? 'good' : found.some(isUrgent) ? 'bad' : 'warn')}
    ${isWell ? words.allIsWell : words.needYou(found.length)}
  </h1>`;
}

function isUrgent({ kind }: Need): boolean {
  return kind === 'store' || kind === 'token' || kind === 'breaker' || kind === 'draining';
}

function needList(found: readonly Need[], setting: Setting): Html | '' {
  if (found.length === 0) return '';
  return html`<ul class="needs">
    ${found.map((need) => html`<li>${sign(isUrgent(need) ? 'bad' : 'warn')} <a href="${needHref(need, setting)}">${needText(need, setting)}</a></li>`)}
  </ul>`;
}

function needText(need: Need, { words }: Setting): string {
  if (need.kind === 'warning') return words.needs.warning(need.text);
  return 'count' in need ? words.needs[need.kind](need.count) : words.needs[need.kind];
}

function needHref(need: Need, setting: Setting): string {
  switch (need.kind) {
    case 'store':
    case 'mayEvict':
    case 'forgets':
    case 'doesNotTell':
    case 'restored':
      return '#tile-store';
    case 'token':
    case 'tokenFile':
      return '#tile-token';
    case 'breaker':
    case 'failing':
      return '#tile-upstream';
    case 'draining':
    case 'clientsFile':
    case 'warning':
      return '#tile-configuration';
    case 'fetchFailed':
      return '#worst-title';
    case 'stale':
      return `${overviewHref(setting, { filter: 'stale', sort: 'list-age', descending: true })}#accounts-title`;
    default:
      return need satisfies never;
  }
}

function tileList(facts: OverviewFacts, setting: Setting): Html {
  const { words, now } = setting;
  const { about, quarter, clients } = facts;
  const found = tiles(facts);
  const requests = clients && todayOf(clients);
  const warnings = otherWarnings(facts.warnings);
  const up = age(now - about.startedAt, words);
  return html`<ul class="tiles">
    ${tile('upstream', found.upstream.state, words.upstreamState[found.upstream.why], setting, [
      ...latencyLines(quarter, setting),
      breakable(about.upstream),
    ])}
    ${tile('token', found.token.state, words.tokenState[found.token.why], setting, [words.from(about.tokenFrom)])}
    ${tile('store', found.store.state, words.storeState[found.store.why], setting, [breakable(about.store)])}
    ${tile('configuration', found.configuration.state, configurationText(found, warnings, setting), setting, [...warnings, words.running(about.version, up)])}
    ${tile('clients', found.clients.state, words.clientsState(facts.clientCount), setting, requests ? [words.requestsToday(requests.requests, requests.notAnswered)] : [])}
  </ul>`;
}

/** An address or a path, which may be broken after a slash. */
function breakable(text: string): Html {
  return html`<span class="breakable"
    >${text.split(/(?<=\/)/).map((part) => html`${part}<wbr />`)}</span
  >`;
}

function latencyLines({ p50, p95, calls, failedCalls }: RecentSpan, { words }: Setting): string[] {
  if (calls === 0) return [];
  const lines = [words.failures(failedCalls, calls)];
  if (p50 === undefined || p95 === undefined) return lines;
  return [words.latency(duration(p50, words), duration(p95, words)), ...lines];
}

function configurationText(
  { configuration }: Tiles,
  warnings: readonly string[],
  { words }: Setting,
) {
  const text = words.configurationState[configuration.why];
  return typeof text === 'function' ? text(warnings.length) : text;
}

function tile(
  id: keyof Tiles,
  state: TileState,
  text: string,
  { words }: Setting,
  lines: readonly (Html | string)[],
): Html {
  return html`<li id="tile-${id}" class="tile ${state}">
    <h2>${words[id]}</h2>
    <p class="state">${sign(state)} <strong>${words.states[state]}</strong></p>
    <p>${text}</p>
    ${lines.map((line) => html`<p class="quiet">${line}</p>`)}
  </li>`;
}

function worstTable(found: OverviewFacts['troubles'], setting: Setting): Html {
  const { words } = setting;
  if (found === undefined) return html`<p class="note">${words.unreadable}</p>`;
  const { worst, total } = found;
  if (total === 0) return html`<p class="quiet">${words.worstNone}</p>`;
  return html`<ul class="worst">
      ${worst.map(
        ({ summary, troubles }) =>
          html` <li>
            <a class="app-id" href="${accountHref(setting, summary.appId)}">${summary.appId}</a>
            <span class="reasons"
              >${troubles.map((trouble) => html`<span class="reason ${trouble.kind}">${troubleText(trouble, setting)}</span> `)}</span
            >
          </li>`,
      )}
    </ul>
    ${total > worst.length && html`<p class="quiet">${words.worstNote(worst.length, total)}</p>`}`;
}

function troubleText(trouble: Trouble, { words }: Setting): string {
  switch (trouble.kind) {
    case 'refused-today':
      return words.troubles.refused(trouble.count);
    case 'stale-list':
      return words.troubles.stale(age(trouble.ageMs, words));
    case 'fetch-failed':
      return words.troubles.fetch(words.outcomes[trouble.outcome]);
    default:
      return trouble satisfies never;
  }
}

function charts({ minutes, tens, about, now }: OverviewFacts, setting: Setting): Html {
  const { words } = setting;
  const series = (name: keyof RecentSpan): Series => ({
    className: name,
    values: minutes.map((minute) => minute[name] ?? 0),
  });
  const others = stacked([series('failed'), series('refused'), series('left')]);
  const span = [minutes[0]?.at ?? now, now] as const;
  return html`<p class="quiet">${words.chartsNote(`${clockTime(about.startedAt, now)} UTC`)}</p>
    <div class="charts">
      ${chart(words.chartLatency, [series('p95'), series('p50')], ['p50', 'p95'], span, setting, (ms) => duration(ms, words))}
      ${chart(words.chartAnswered, [series('answered')], ['answered'], span, setting, number)}
      ${chart(words.chartOthers, others, ['failed', 'refused', 'left'], span, setting, number)}
    </div>
    ${chartTable(tens, setting)}`;
}

type Shown = 'p50' | 'p95' | 'answered' | 'failed' | 'refused' | 'left';

function chart(
  title: string,
  series: readonly Series[],
  legend: readonly Shown[],
  [from, to]: readonly [number, number],
  { words }: Setting,
  write: (value: number) => string,
): Html {
  const largest = Math.max(0, ...series.flatMap(({ values }) => values));
  const end = scaleFor(largest);
  return html`<figure class="chart">
    <figcaption>${title}</figcaption>
    <div class="plot">
      <div class="scale" aria-hidden="true"><span>${write(end)}</span><span>0</span></div>
      ${bars(words.mostOf(title, write(largest)), series, end)}
      <div class="span" aria-hidden="true">
        <span>${clockTime(from, to)}</span
        >${largest === 0 && html`<span class="empty">${words.nothingYet}</span>`}<span
          >${clockTime(to, to)}</span
        >
      </div>
    </div>
    <ul class="legend">
      ${legend.map((name) => html`<li class="${name}">${words[name]}</li>`)}
    </ul>
  </figure>`;
}

function chartTable(tens: readonly RecentSpan[], { words, now }: Setting): Html {
  const rows = tens.filter(
    ({ calls, answered, refused, failed, left }) => calls + answered + refused + failed + left > 0,
  );
  const took = (ms: number | undefined) => (ms === undefined ? '–' : duration(ms, words));
  const head = [
    words.time,
    words.calls,
    words.p50,
    words.p95,
    words.answered,
    words.refused,
    words.failed,
    words.left,
  ];
  const spans = rows.toReversed().map(
    (row) =>
      html`<tr>
        <th scope="row">${time(row.at, now)}</th>
        <td>${number(row.calls)}</td>
        <td>${took(row.p50)}</td>
        <td>${took(row.p95)}</td>
        ${[row.answered, row.refused, row.failed, row.left].map((count) => html`<td>${number(count)}</td>`)}
      </tr>`,
  );
  return html`<details id="chart-table">
    <summary>${words.chartTable}</summary>
    ${wideTable({ name: words.charts, head, rows: spans, look: 'numbers' })}
    ${rows.length === 0 && html`<p class="quiet">${words.nothingYet}</p>`}
  </details>`;
}

function clientTable(clients: readonly ClientActivity[] | undefined, { words }: Setting): Html {
  if (clients === undefined) return html`<p class="note">${words.unreadable}</p>`;
  if (clients.length === 0) return html`<p class="quiet">${words.noClients}</p>`;
  const head = [words.client, words.today, words.codes, words.last24Hours, words.codes];
  const rows = clients.map(
    ({ name, isConfigured, today, last24Hours }) =>
      html`<tr>
        <th scope="row">
          ${name}${!isConfigured && html` <span class="quiet">${words.clientGone}</span>`}
        </th>
        ${[today, last24Hours].map(
          (counts) =>
            html`<td>${number(counts.requests)}</td>
              <td class="text">${codes(counts, words)}</td>`,
        )}
      </tr>`,
  );
  return html`${wideTable({ name: words.clients, head, rows, look: 'numbers' })}
    <p class="quiet">${words.todayIsUtc}</p>`;
}

function codes({ codes: counts }: RequestCounts, words: Setting['words']): Html[] {
  const named: Readonly<Record<string, string>> = { ok: words.ok, left: words.left };
  return Object.entries(counts)
    .sort(([, one], [, other]) => other - one)
    .map(
      ([code, count]) =>
        html`<span class="code ${code === 'ok' ? 'good' : ''}"
          >${named[code] ?? code} <b>${number(count)}</b></span
        > `,
    );
}
