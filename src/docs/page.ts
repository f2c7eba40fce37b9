/** The API page: the document as HTML. Without styles and scripts in it, for a strict Content-Security-Policy. */
import { STATUS_CODES } from 'node:http';
import type { oas31 } from 'zod-openapi';
import { html, type Html } from '../html.ts';
import type { Language } from '../http/language.ts';
import { readerOf, type DocumentReader, type Field, type Limit } from './document-reader.ts';
import { WORDS, type Words } from './words.ts';

interface PageOptions {
  readonly language: Language;
  /** Whether calls can be sent from the page, to where it came from. */
  readonly canTry: boolean;
}

type Operation = oas31.OperationObject;

/** An operation, and where it is. */
interface Placed {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

interface Context extends PageOptions, DocumentReader {
  readonly document: oas31.OpenAPIObject;
  readonly words: Words;
}

/** The placeholder for the gateway's address in curl lines. The page's script replaces it if it knows better. */
const BASE = 'http://GATEWAY:8080';

/** Renders the page. Its links are relative, so that a proxy may put a path before it. */
export function renderPage(document: oas31.OpenAPIObject, options: PageOptions): string {
  const words = WORDS[options.language];
  const context: Context = { ...options, ...readerOf(document, words), document, words };
  const placed = operationsOf(document);
  return html`<!doctype html>
    <html lang="${words.lang}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>gewe-gateway · ${words.title}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="docs/page.css" />
        <script type="module" src="docs/page.js"></script>
      </head>
      <body>
        <a class="skip" href="#operations">${words.skip}</a>
        ${pageHeader(context)}
        <div class="columns">
          ${contents(context, placed)}
          <main id="content">
            ${overview(context)} ${tryWithKey(context)}
            <section id="operations" aria-labelledby="operations-title">
              <h2 id="operations-title">${words.operations}</h2>
              ${placed.map((one) => operation(context, one))}
            </section>
            ${refusals(context, placed)} ${headers(context)}
          </main>
        </div>
      </body>
    </html> `.toString();
}

function operationsOf({ paths = {} }: oas31.OpenAPIObject): Placed[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    (['get', 'post', 'delete'] as const).flatMap((method) => {
      const one = item[method];
      if (one === undefined) return [];
      return [{ id: one.operationId ?? '', method: method.toUpperCase(), path, operation: one }];
    }),
  );
}

function pageHeader({ document, words }: Context): Html {
  return html`<header class="top">
    <p class="name">
      <strong>gewe-gateway</strong> <span class="version">${document.info.version}</span>
    </p>
    <nav aria-label="${words.document}">
      <a href="openapi.json">${words.document}</a>
      <a
        href="?lang=${words.otherLang.slice(0, 2)}"
        hreflang="${words.otherLang}"
        lang="${words.otherLang}"
        >${words.otherLanguage}</a
      >
    </nav>
  </header>`;
}

function contents({ document, words }: Context, placed: readonly Placed[]): Html {
  const groups = (document.tags ?? []).map(({ name }) => ({
    name,
    members: placed.filter(({ operation: { tags = [] } }) => tags.includes(name)),
  }));
  return html`<nav class="contents" aria-label="${words.contents}">
    <details open>
      <summary>${words.contents}</summary>
      <div class="filter" data-script hidden>
        <label for="filter">${words.filter}</label
        ><input id="filter" type="search" autocomplete="off" spellcheck="false" />
      </div>
      <ul>
        <li><a href="#overview">${words.overview}</a></li>
      </ul>
      ${groups.map(
        ({ name, members }) =>
          html`<div class="group" data-group>
            <p lang="en">${name}</p>
            <ul>
              ${members.map(
                ({ id, method, operation: { summary = '' } }) =>
                  html`<li data-filter="${`${id} ${summary}`.toLowerCase()}">
                    <a href="#${id}"
                      ><span class="method ${method.toLowerCase()}">${method}</span> ${id}</a
                    >
                  </li>`,
              )}
            </ul>
          </div>`,
      )}
      <ul>
        <li><a href="#refusals">${words.refusals}</a></li>
        <li><a href="#headers">${words.headers}</a></li>
      </ul>
    </details>
  </nav>`;
}

function overview({ document, words, canTry }: Context): Html {
  return html`<section id="overview" aria-labelledby="overview-title">
    <h1 id="overview-title">${words.title}</h1>
    <div lang="en">${prose(document.info.description)}</div>
    ${canTry ? html`<noscript><p class="note">${words.noScript}</p></noscript>` : html`<p class="note">${words.curlOnly}</p>`}
  </section>`;
}

function tryWithKey({ words, canTry }: Context): Html | undefined {
  if (!canTry) return undefined;
  return html`<section
    id="key-section"
    class="panel"
    aria-labelledby="key-title"
    data-script
    hidden
  >
    <h2 id="key-title">${words.keyTitle}</h2>
    <div class="inputs">
      <p>
        <label for="key">${words.key}</label
        ><input
          id="key"
          type="password"
          autocomplete="off"
          spellcheck="false"
          aria-describedby="key-note"
        />
      </p>
      <p>
        <label for="key-place">${words.keyPlace}</label
        ><select id="key-place" autocomplete="off">
          <option value="Authorization">Authorization: Bearer</option>
          <option>X-API-Key</option>
          <option>X-GEWE-TOKEN</option>
        </select>
      </p>
    </div>
    <p id="key-note" class="quiet">${words.keyNote}</p>
  </section>`;
}

/** Text with paragraphs and `code`, as descriptions have it. */
function prose(text: string | undefined): Html[] {
  return (text ?? '').split('\n\n').map((paragraph) => html`<p>${inline(paragraph)}</p> `);
}

function inline(text: string): (Html | string)[] {
  return text.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part));
}

function operation(context: Context, placed: Placed): Html {
  const { words } = context;
  const { id, method, path, operation: one } = placed;
  const { summary = '', description, security } = one;
  const [, english = summary, chinese] = /^(.*) \((.*)\)$/.exec(summary) ?? [];
  return html`<article id="${id}" aria-labelledby="${id}-title">
    <h3 id="${id}-title">
      <span lang="en">${english}</span
      >${chinese !== undefined && html` <span class="chinese" lang="zh-CN">${chinese}</span>`}
    </h3>
    <p class="path">
      <span class="method ${method.toLowerCase()}">${method}</span>
      <code>${path}</code
      >${security?.length === 0 && html` <span class="badge">${words.noKeyNeeded}</span>`}
    </p>
    <div lang="en">${prose(description)}</div>
    ${requestPart(context, placed)} ${responsePart(context, placed)} ${tryPart(context, placed)}
  </article> `;
}

function bodyOf({ resolve }: Context, { requestBody }: Operation) {
  return requestBody && resolve(requestBody).content['application/json'];
}

function parametersOf({ resolve }: Context, { parameters = [] }: Operation) {
  return parameters.map((one) => resolve(one));
}

function requestPart(context: Context, placed: Placed): Html {
  const { words, fields, limits } = context;
  const { operation: one } = placed;
  const body = bodyOf(context, one);
  const parameters = parametersOf(context, one);
  const inPath = parameters.filter((parameter) => parameter.in === 'path');
  const sent = parameters.filter((parameter) => parameter.in === 'header');
  const pathFields = inPath.map(({ name, schema = {}, description = '' }) => ({
    name,
    type: 'string',
    isRequired: true,
    limits: limits(schema),
    description: ('description' in schema ? schema.description : undefined) ?? description,
  }));
  return html`<h4>${words.request}</h4>
    ${pathFields.length > 0 && fieldTable(context, words.path, pathFields)}
    ${body?.schema !== undefined && fieldTable(context, words.body, fields(body.schema))}
    ${body !== undefined && placed.path.startsWith('/contacts/') && html`<p class="quiet">${words.otherFields}</p>`}
    ${sent.length > 0 && html`<p class="quiet">${words.requestHeaders}: ${links(sent.map(({ name }) => name))}</p>`}
    ${codeBlock('curl', curlLine(placed, body?.example), 'data-curl')}`;
}

function curlLine({ method, path, operation: { security } }: Placed, example: unknown): string {
  const lines = [
    `curl -i ${method === 'DELETE' ? '-X DELETE ' : ''}'${BASE}${path.replace('{appId}', 'wx_sales_1')}'`,
    ...(security?.length === 0 ? [] : ["-H 'Authorization: Bearer YOUR_KEY'"]),
    ...(example === undefined
      ? []
      : ["-H 'Content-Type: application/json'", `-d '${JSON.stringify(example)}'`]),
  ];
  return lines.join(' \\\n  ');
}

/** Scrolls sideways by itself if the window is narrow; the keyboard can scroll it too. */
function table(caption: string, columns: readonly string[], rows: readonly Html[]): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map((column) => html`<th scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

function fieldTable({ words }: Context, caption: string, rows: readonly Field[]): Html {
  const body = rows.map(
    ({ name, type, isRequired, limits, description }) =>
      html` <tr>
        <th scope="row">
          <code>${name}</code
          ><span class="need${isRequired && ' must'}"
            >${isRequired ? words.required : words.optional}</span
          >
        </th>
        <td>
          ${type}${limits.map((limit) => html`<span class="limit">${limitText(limit)}</span>`)}
        </td>
        <td lang="en">${inline(description)}</td>
      </tr>`,
  );
  return table(caption, [words.field, words.type, words.description], body);
}

function limitText(limit: Limit): Html | string {
  if (typeof limit === 'string') return limit;
  return html`${limit.words} ${limit.codes.map((code) => html`<code>${code}</code> `)}`;
}

function codeBlock(label: string, text: string, mark?: 'data-curl'): Html {
  return html`<figure class="code"><figcaption>${label}</figcaption><pre tabindex="0"><code${mark === undefined ? '' : html` data-curl`}>${text}</code></pre></figure>`;
}

function links(names: readonly string[]): Html[] {
  return names.map(
    (name, at) =>
      html`${at > 0 && ', '}<a href="#header-${name.toLowerCase()}"><code>${name}</code></a>`,
  );
}

/** Headers that every response has are described once, under Headers. */
const OF_EVERY_RESPONSE =
  /^(?:cache-control|vary|x-content-type|referrer|content-security|strict-|access-)/i;

/** A refusal in GEWE's format has status 200; of an operation with another status for success, that is the second. */
function successOf({ resolve }: Context, { responses = {} }: Operation) {
  const [status, response] =
    Object.entries(responses).findLast(([code]) => code.startsWith('2')) ?? [];
  if (status === undefined || response === undefined) return undefined;
  return { status, response: resolve(response as oas31.ResponseObject) };
}

function responsePart(context: Context, placed: Placed): Html {
  const { words, resolve, fields } = context;
  const success = successOf(context, placed.operation);
  const content = success?.response.content?.['application/json'];
  const schema = content?.schema && resolve(content.schema);
  // The first of several is the success; the others are described in general.
  const rows = schema === undefined ? [] : fields(schema.anyOf?.[0] ?? schema);
  const own = Object.keys(success?.response.headers ?? {}).filter(
    (name) => !OF_EVERY_RESPONSE.test(name),
  );
  return html`<h4>${words.response}</h4>
    <p>
      <span class="status ok">${success?.status}</span>
      <span lang="en">${success?.response.description}</span>
    </p>
    ${successExamples(context, content)}
    ${
      rows.length > 0 &&
      html`<details>
        <summary>${words.responseFields}</summary>
        ${fieldTable(context, words.response, rows)}
      </details>`
    }
    <p class="quiet">${words.responseHeaders} (${words.everyResponse}): ${links(own)}</p>
    ${refusalTable(context, placed)}`;
}

function successExamples(
  { words, resolve }: Context,
  content: oas31.MediaTypeObject | undefined,
): Html[] {
  const single =
    content?.example === undefined
      ? {}
      : { [words.example]: { value: content.example as unknown } };
  const named = Object.values(content?.examples ?? {})
    // Refusals have their own table.
    .filter((one) => !('$ref' in one))
    .map((one) => resolve<oas31.ExampleObject>(one))
    .map(({ summary = words.example, value }) => [summary, { value: value as unknown }] as const);
  return [...Object.entries(single), ...named].map(([label, { value }]) => {
    const ret = (value as { ret?: unknown }).ret;
    const badge = typeof ret === 'number' ? ` · ret ${ret}` : '';
    return codeBlock(`${label}${badge}`, JSON.stringify(value, null, 2));
  });
}

interface RefusalRow {
  readonly code: string;
  readonly status: string;
  readonly geweStatus: string;
  readonly title: string;
}

/** The refusals of an operation, each with its status in both formats. */
function refusalRows({ resolve }: Context, { responses = {} }: Operation): RefusalRow[] {
  const rows = new Map<string, { status?: string; geweStatus?: string; title: string }>();
  for (const [status, one] of Object.entries(responses)) {
    const { content = {} } = resolve(one as oas31.ResponseObject);
    for (const [type, { examples = {} }] of Object.entries(content)) {
      for (const [code, example] of Object.entries(examples)) {
        if (!('$ref' in example)) continue;
        const { summary: title = '' } = resolve<oas31.ExampleObject>(example);
        const key = type === 'application/json' ? 'geweStatus' : 'status';
        rows.set(code, { ...rows.get(code), title, [key]: status });
      }
    }
  }
  return [...rows]
    .map(([code, { status = '', geweStatus = '', title }]) => ({ code, status, geweStatus, title }))
    .sort((one, other) => Number(one.status) - Number(other.status));
}

function refusalTable(context: Context, { operation: one }: Placed): Html | undefined {
  const { words } = context;
  const rows = refusalRows(context, one);
  if (rows.length === 0) return undefined;
  return html`<details>
    <summary>${words.refusals} <span class="count">${rows.length}</span></summary>
    <p class="quiet">${words.refusalsNote}</p>
    <div class="scroll" tabindex="0" role="group" aria-label="${words.refusals}">
      <table class="refusals">
        <thead>
          <tr>
            <th scope="col">${words.status}</th>
            <th scope="col">${words.geweStatus}</th>
            <th scope="col">${words.code}</th>
            <th scope="col">${words.meaning}</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ code, status, geweStatus, title }) =>
              html` <tr>
                <td>${statusBadge(status)}</td>
                <td>${statusBadge(geweStatus)}</td>
                <th scope="row">
                  <a href="#refusal-${code}"><code>${code}</code></a>
                </th>
                <td lang="en">${title}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}

function statusBadge(status: string): Html {
  const kind = status.startsWith('2') ? 'ok' : status.startsWith('4') ? 'bad' : 'failed';
  return html`<span class="status ${kind}">${status}</span>`;
}

function tryPart(context: Context, { method, path, id, operation: one }: Placed): Html | undefined {
  const { words, canTry } = context;
  if (!canTry) return undefined;
  // A request with an Origin makes no session, and a browser's POST always has one.
  if (path === '/sessions') return html`<p class="quiet">${words.notFromBrowser}</p>`;
  const body = bodyOf(context, one);
  const hasAppId = path.includes('{appId}');
  return html`<details class="try" data-script hidden>
    <summary>${words.tryIt}</summary>
    <form data-method="${method}" data-path="${path.slice(1)}" autocomplete="off">
      ${id === 'addContacts' && html`<p class="note">${words.realAdd}</p>`}
      ${hasAppId && html`<p><label for="${id}-app">appId</label><input id="${id}-app" name="appId" value="wx_sales_1" spellcheck="false" /></p>`}
      ${body !== undefined && html`<p><label for="${id}-body">${words.body}</label><textarea id="${id}-body" name="body" rows="${JSON.stringify(body.example, null, 2).split('\n').length}" spellcheck="false">${JSON.stringify(body.example, null, 2)}</textarea></p>`}
      <p>
        <label for="${id}-headers">${words.moreHeaders}</label
        ><textarea id="${id}-headers" name="headers" rows="2" spellcheck="false"></textarea>
      </p>
      <p><button type="submit">${words.send}</button></p>
      <div class="result" role="status" aria-live="polite"></div>
    </form>
  </details>`;
}

/** Every code once, with its example in both formats. */
function refusals(context: Context, placed: readonly Placed[]): Html {
  const { document, words, resolve } = context;
  const examples = document.components?.examples ?? {};
  const value = (name: string) => {
    const example = examples[name];
    return (
      example && (resolve<oas31.ExampleObject>(example).value as { status: number } | undefined)
    );
  };
  const rows = new Map<string, RefusalRow>();
  const keepers = new Set<string>();
  // Those of the lists come first, and have their own status in GEWE's format as well: what comes later counts.
  for (const { operation: one } of placed)
    for (const row of refusalRows(context, one)) {
      rows.set(row.code, row);
      if (row.status === row.geweStatus) keepers.add(row.code);
    }
  const sorted = [...rows.values()].sort((one, other) => Number(one.status) - Number(other.status));
  return html`<section id="refusals" aria-labelledby="refusals-title">
    <h2 id="refusals-title">${words.refusals}</h2>
    <p>${words.refusalsLead}</p>
    ${sorted.map(
      ({ code, status, geweStatus, title }) =>
        html`<details id="refusal-${code}" class="refusal">
          <summary>
            ${statusBadge(status)} <code>${code}</code> <span lang="en">${title}</span>
          </summary>
          ${codeBlock(words.httpFormat, message(status, 'application/problem+json', value(code)))}
          ${codeBlock(words.geweFormat, message(geweStatus, 'application/json', value(`${code}.gewe`)))}
          ${geweStatus === '200' && keepers.has(code) && html`<p class="quiet">${words.listsKeep}</p>`}
        </details> `,
    )}
  </section>`;
}

function message(status: string, type: string, body: unknown): string {
  const reason = STATUS_CODES[Number(status)] ?? '';
  return `HTTP/1.1 ${status} ${reason}\nContent-Type: ${type}\n\n${JSON.stringify(body, null, 2)}`;
}

function headers(context: Context): Html {
  const { document, words } = context;
  const { parameters = {}, headers: sent = {} } = document.components ?? {};
  const asked = Object.values(parameters)
    .map((one) => context.resolve<oas31.ParameterObject>(one))
    .filter((one) => one.in === 'header');
  const answered = Object.entries(sent).map(([name, one]) => ({
    name,
    ...context.resolve<oas31.HeaderObject>(one),
  }));
  const known = new Set(asked.map(({ name }) => name));
  return html`<section id="headers" aria-labelledby="headers-title">
    <h2 id="headers-title">${words.headers}</h2>
    ${headerTable(context, words.requestHeaders, asked, () => true)}
    ${headerTable(context, words.responseHeaders, answered, (name) => !known.has(name))}
  </section>`;
}

interface HeaderRow {
  readonly name: string;
  readonly description?: string | undefined;
  readonly schema?: oas31.SchemaObject | oas31.ReferenceObject | undefined;
  readonly example?: unknown;
}

/** @param isFirst whether the row is the one that links lead to: some headers are in both tables */
function headerTable(
  { words, limits }: Context,
  caption: string,
  rows: readonly HeaderRow[],
  isFirst: (name: string) => boolean,
): Html {
  const body = rows.map(
    ({ name, description = '', schema = {}, example }) => html`
<tr${isFirst(name) && html` id="header-${name.toLowerCase()}"`}><th scope="row"><code>${name}</code></th><td>${example === undefined ? limits(schema).map(limitText) : html`<code>${typeof example === 'string' ? example : JSON.stringify(example)}</code>`}</td><td lang="en">${inline(description)}</td></tr>`,
  );
  return table(caption, [words.header, words.values, words.description], body);
}
