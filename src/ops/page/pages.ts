/** Puts the pages together. The one part of the page that is loaded at the first request, with all that it imports. */
import { readFileSync } from 'node:fs';
import { html, type Html } from '../../html.ts';
import { textFile, type TextFile } from '../../http/text-file.ts';
import { accountRegions, type AccountFacts } from './account-regions.ts';
import { accountSearch, accountTable } from './account-table.ts';
import { actionLinks, actionPage, type Action, type OnlineSinceForm } from './action-pages.ts';
import {
  accountFacts,
  accountTableFacts,
  isKnownAccount,
  overviewFacts,
  type FactsParts,
} from './facts.ts';
import { region, renderFrame, updated, type Frame, type Regions } from './layout.ts';
import { overviewRegions } from './overview-regions.ts';
import { PAGE_CSS } from './page-css.ts';
import { accountHref, overviewHref, type Setting, type View } from './view.ts';
import type { Notice } from './words.ts';

/** What a page needs to know of the request. */
export interface Asked {
  readonly setting: Setting;
  readonly otherLanguage: string;
  readonly canSignOut: boolean;
  /** What an action came to, by the name in the address. */
  readonly notice?: string | undefined;
}

export interface Page {
  readonly status: 200 | 400 | 404;
  readonly text: string;
}

export interface Pages {
  show(view: View, asked: Asked): Promise<Page>;
  /** The page that asks before an action is done. */
  ask(action: Action, appId: string, asked: Asked, rejected?: OnlineSinceForm): Promise<Page>;
  notFound(appId: string | undefined, asked: Asked): Page;
  /**
   * The parts of a view that change.
   *
   * @param moment what has the same one is made once
   */
  regions(view: View, setting: Setting, moment: object): Promise<Regions>;
  readonly files: { readonly css: TextFile; readonly js: TextFile };
}

export function makePages(parts: FactsParts): Pages {
  const once = memoByMoment();

  async function regions(view: View, setting: Setting, moment: object): Promise<Regions> {
    const { language, chosen } = setting;
    const shown = { updated: updated(setting) };
    if (view.kind === 'account') {
      const facts = await accountFacts(parts, view.appId, view.after);
      return { ...shown, ...accountRegions(facts, setting) };
    }
    const readers = `${language} ${chosen}`;
    const [common, accounts] = await Promise.all([
      once(moment, `common ${readers}`, async () =>
        overviewRegions(await once(moment, 'facts', () => overviewFacts(parts)), setting),
      ),
      once(moment, `accounts ${readers} ${JSON.stringify(view.query)}`, async () =>
        accountTable(await accountTableFacts(parts, view.query), setting),
      ),
    ]);
    return { ...shown, ...common, accounts };
  }

  const frameOf = (asked: Asked, title: string, live?: View): Frame => ({
    ...asked,
    about: parts.about,
    title,
    live,
  });

  function notFound(appId: string | undefined, asked: Asked): Page {
    const { words } = asked.setting;
    const text = renderFrame(frameOf(asked, words.notFound), notFoundPage(appId, asked.setting));
    return { status: 404, text };
  }

  return {
    notFound,
    regions,
    async show(view, asked) {
      const { setting } = asked;
      if (view.kind === 'overview') {
        const content = overviewPage(await regions(view, setting, {}), view.query, setting);
        return {
          status: 200,
          text: renderFrame(frameOf(asked, setting.words.title, view), content),
        };
      }
      const facts = await accountFacts(parts, view.appId, view.after);
      if (!isKnownAccount(facts)) return notFound(view.appId, asked);
      const content = accountPage(facts, asked);
      return { status: 200, text: renderFrame(frameOf(asked, view.appId, view), content) };
    },
    async ask(action, appId, asked, rejected) {
      const facts = await accountFacts(parts, appId, undefined);
      if (action !== 'online-since' && !isKnownAccount(facts)) return notFound(appId, asked);
      const content = actionPage(action, facts, asked.setting, rejected);
      const title = `${asked.setting.words.do[action]} · ${appId}`;
      const text = renderFrame(frameOf(asked, title), content);
      return { status: rejected === undefined ? 200 : 400, text };
    },
    files: {
      css: textFile('text/css; charset=utf-8', PAGE_CSS),
      js: textFile(
        'text/javascript; charset=utf-8',
        readFileSync(new URL('./in-browser.js', import.meta.url), 'utf8'),
      ),
    },
  };
}

/** Remembers what was made at a moment, as long as somebody has the moment. */
function memoByMoment() {
  const moments = new WeakMap<object, Map<string, Promise<unknown>>>();
  return <T>(moment: object, key: string, make: () => Promise<T>): Promise<T> => {
    const made = moments.get(moment) ?? new Map<string, Promise<unknown>>();
    moments.set(moment, made);
    const before = made.get(key) as Promise<T> | undefined;
    if (before !== undefined) return before;
    const now = make();
    made.set(key, now);
    return now;
  };
}

function section(id: string, title: string, content: Html): Html {
  return html`<section aria-labelledby="${id}-title">
    <h2 id="${id}-title" tabindex="-1">${title}</h2>
    ${content}
  </section>`;
}

type Query = Extract<View, { kind: 'overview' }>['query'];

function overviewPage(regions: Regions, query: Query, setting: Setting): Html {
  const { words } = setting;
  return html`${region(regions, 'sentence', { live: true })} ${region(regions, 'needs')}
    <section aria-label="${words.tiles}">${region(regions, 'tiles')}</section>
    ${section('worst', words.worst, region(regions, 'worst'))}
    ${section('charts', words.charts, region(regions, 'charts'))}
    ${section('clients', words.clients, region(regions, 'clients'))}
    ${section('changes', words.changes, region(regions, 'changes'))}
    ${section('accounts', words.accounts, html`${accountSearch(query, setting)} ${region(regions, 'accounts')}`)}`;
}

function accountPage(facts: AccountFacts, { setting, notice }: Asked): Html {
  const { words } = setting;
  const regions = accountRegions(facts, setting);
  const said =
    notice !== undefined && Object.hasOwn(words.notices, notice)
      ? words.notices[notice as Notice]
      : undefined;
  return html`<p><a href="${overviewHref(setting)}#accounts-title">← ${words.back}</a></p>
    ${said && html`<p class="note" role="status">${said}</p>`}
    <h1 class="app-id">${facts.appId}</h1>
    ${region(regions, 'state')} ${actionLinks(facts, setting)}
    ${section('attempts', words.attempts, region(regions, 'attempts'))}
    ${section('fetches', words.fetchTitle, region(regions, 'fetches'))}
    ${section('changes', words.changes, region(regions, 'changes'))}`;
}

function notFoundPage(appId: string | undefined, setting: Setting): Html {
  const { words } = setting;
  return html`<h1>${words.notFound}</h1>
    ${appId !== undefined && html`<p class="app-id">${appId}</p>`}
    <p>${words.notFoundNote}</p>
    <p class="buttons">
      ${appId !== undefined && html`<a class="button" href="${accountHref(setting, appId, '/online-since')}">${words.declareIt}</a>`}
      <a href="${overviewHref(setting)}">${words.back}</a>
    </p>`;
}
