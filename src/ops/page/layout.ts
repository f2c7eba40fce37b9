/** What all pages have around their content. */
import { html, type Html, type HtmlValue } from '../../html.ts';
import type { About } from '../about.ts';
import { exactTime } from './format.ts';
import { targetOf, withParams, type Setting, type View } from './view.ts';

/** Parts of a page that change while it is open, by the id of their element. */
export type Regions = Readonly<Record<string, Html | ''>>;

export interface Frame {
  readonly setting: Setting;
  readonly about: Pick<About, 'version' | 'instance'>;
  readonly title: string;
  /** What the page shows live; undefined for a page that stays as it is. */
  readonly live: View | undefined;
  /** The address of this page in the other language, relative. */
  readonly otherLanguage: string;
  /** Whether there is a sign-in that can be ended. */
  readonly canSignOut: boolean;
}

export function renderFrame(frame: Frame, content: HtmlValue): string {
  const { setting, title } = frame;
  const { words, root } = setting;
  return html`<!doctype html>
    <html lang="${words.lang}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · gewe-gateway</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="${root}ops.css" />
        ${frame.live && html`<script type="module" src="${root}ops.js"></script>`}
      </head>
      <body>
        <a class="skip" href="#content">${words.skip}</a>
        ${top(frame)}
        <main id="content" tabindex="-1">${content}</main>
        <footer class="bottom">
          <p id="zone" data-pointed="${words.utcAndLocal}">${words.utc}</p>
          ${frame.live && html`<noscript><p>${words.noScript}</p></noscript>`}
        </footer>
      </body>
    </html> `.toString();
}

function top(frame: Frame): Html {
  const { setting, about, live, otherLanguage, canSignOut } = frame;
  const { words, root, chosen } = setting;
  return html`<header class="top">
    <p class="name">
      <a href="${root}${withParams({ lang: chosen })}"><strong>gewe-gateway</strong></a>
      <span class="quiet">${about.version} · ${about.instance}</span>
    </p>
    ${live && liveness(setting, live)}
    <nav aria-label="gewe-gateway">
      <a href="${root}docs${withParams({ lang: chosen })}">${words.apiPage}</a>
      <a href="${root}metrics">${words.metrics}</a>
      <a href="${otherLanguage}" hreflang="${words.otherLang}" lang="${words.otherLang}"
        >${words.otherLanguage}</a
      >
      ${canSignOut && html`<form method="post" action="${root}sign-out"><button class="link">${words.signOut}</button></form>`}
    </nav>
  </header>`;
}

/** When the page was last updated, and whether it is live: the script says that. */
function liveness(setting: Setting, view: View): Html {
  const { words, root, chosen } = setting;
  const events = `${root}events${withParams({ view: targetOf(view, chosen) })}`;
  return html`<p class="liveness" data-events="${events}">
    <span class="live" id="live" data-live="${words.live}" data-not-live="${words.notLive}"
      >${words.notLive}</span
    >
    <span id="updated">${updated(setting)}</span>
  </p>`;
}

export function updated({ words, now }: Setting): Html {
  return html`${words.updated} ${exactTime(now)} UTC`;
}

/** An element whose content the script replaces. */
export function region(
  regions: Regions,
  id: string,
  attributes?: { readonly live: boolean },
): Html {
  return html`<div id="${id}" class="region" ${attributes?.live && html` aria-live="polite"`}>
    ${regions[id]}
  </div>`;
}

const SHAPES = {
  good: html`<circle cx="8" cy="8" r="7" /><path class="mark" d="M4.5 8.3l2.4 2.4 4.6-5" />`,
  warn: html`<path d="M8 1l7.5 13.5H.5z" /><path class="mark" d="M8 6v4M8 12v.3" />`,
  bad: html`<path d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z" /><path
      class="mark"
      d="M5.3 5.3l5.4 5.4M10.7 5.3l-5.4 5.4"
    />`,
  idle: html`<circle class="ring" cx="8" cy="8" r="6.5" /><path class="ring" d="M5 8h6" />`,
};

/** A sign whose shape says the same as its colour. Beside it, words say it too. */
export function sign(state: keyof typeof SHAPES): Html {
  return html`<svg class="sign ${state}" viewBox="0 0 16 16" aria-hidden="true">
    ${SHAPES[state]}
  </svg>`;
}
