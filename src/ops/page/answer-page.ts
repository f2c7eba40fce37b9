import { Router, type Request, type RequestHandler, type Response } from 'express';
import { APP_ID, formBody } from '../../http/body.ts';
import { languageNamed, languageOf } from '../../http/language.ts';
import { scopeOf } from '../../http/request-scope.ts';
import { send, sendNoContent } from '../../http/send.ts';
import { sendText, sendTextFile } from '../../http/text-file.ts';
import type { SignIns } from '../access/sign-ins.ts';
import type { AccountChanges } from '../account-changes.ts';
import { methodsOnly, operatorOf } from '../admin/requests.ts';
import { pageHeaders } from '../page-headers.ts';
import { ACTIONS, readOnlineSince, type Action } from './action-pages.ts';
import type { FactsParts } from './facts.ts';
import type { Asked, Page, Pages } from './pages.ts';
import type { Streams } from './streams.ts';
import {
  accountPath,
  readAccountView,
  readQuery,
  rootOf,
  settingOf,
  viewAt,
  withParams,
  type View,
} from './view.ts';
import type { Notice } from './words.ts';

interface PageParts extends FactsParts {
  readonly changes: AccountChanges;
  readonly streams: Streams;
  readonly signIns: Pick<SignIns, 'onEnd'>;
}

const FORM_LIMIT_BYTES = 10_000;
const ONLY_GET = methodsOnly('GET, HEAD');

/** The operators' pages, their live updates, and what is done from them. Everything else passes. */
export function answerPage(parts: PageParts): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const pages = loadedOnce(parts);
  const serve = (path: string, handler: RequestHandler) =>
    router.route(path).get(handler).all(ONLY_GET);

  serve('/', async (req, res) => {
    const view: View = { kind: 'overview', query: readQuery(paramsOf(req, res)) };
    const asked = askedBy(req, res, parts, rootOf('overview'));
    await sendPage(req, res, await (await pages()).show(view, asked));
  });
  serve('/accounts/:appId', async (req, res) => {
    const asked = askedBy(req, res, parts, rootOf('account'));
    const view = readAccountView(appIdIn(req, res), paramsOf(req, res));
    const { show, notFound } = await pages();
    await sendPage(req, res, view ? await show(view, asked) : notFound(undefined, asked));
  });
  for (const action of ACTIONS) {
    const path = `/accounts/:appId/${action}`;
    router.route(path).get(ask(action)).post(act(action)).all(methodsOnly('GET, HEAD, POST'));
  }
  // Express would answer HEAD as GET, which never ends.
  const events = router.route('/events').head(methodsOnly('GET'));
  events.get(answerEvents(parts, pages)).all(methodsOnly('GET'));
  serve('/ops.css', async (req, res) => sendTextFile(req, res, (await pages()).files.css));
  serve('/ops.js', async (req, res) => sendTextFile(req, res, (await pages()).files.js));
  return router;

  function ask(action: Action): RequestHandler {
    return async (req, res) => {
      const asked = askedBy(req, res, parts, rootOf('action'));
      const appId = appIdIn(req, res);
      const { ask: askFor, notFound } = await pages();
      const page = APP_ID.test(appId)
        ? await askFor(action, appId, asked)
        : notFound(undefined, asked);
      await sendPage(req, res, page);
    };
  }

  function act(action: Action): RequestHandler {
    return async (req, res) => {
      const asked = askedBy(req, res, parts, rootOf('action'));
      const appId = appIdIn(req, res);
      const { ask: askFor, notFound } = await pages();
      if (!APP_ID.test(appId)) return sendPage(req, res, notFound(undefined, asked));
      const fields = await formBody(req, FORM_LIMIT_BYTES);
      const form = { at: fields.get('at') ?? '', zone: fields.get('zone') ?? '' };
      const done = await carryOut(action, appId, form, res, parts);
      if (done === undefined) return sendPage(req, res, await askFor(action, appId, asked, form));
      const query = withParams({ done, lang: asked.setting.chosen });
      const location = `${rootOf('action')}${accountPath(appId)}${query}`;
      sendNoContent(res, { Location: location, 'Cache-Control': 'no-store' }, 303);
    };
  }
}

/** Resolves to what to tell the operator; undefined if the form cannot be used. Rejects if the store fails. */
async function carryOut(
  action: Action,
  appId: string,
  form: { readonly at: string; readonly zone: string },
  res: Response,
  { changes, clock }: PageParts,
): Promise<Notice | undefined> {
  const by = operatorOf(res);
  switch (action) {
    case 'online-since': {
      const onlineSince = readOnlineSince(form, clock.now());
      if (onlineSince === undefined) return undefined;
      const { neverSeen } = await changes.declare(by, appId, onlineSince);
      return neverSeen ? 'declared-never-seen' : 'declared';
    }
    case 'withdraw':
      return (await changes.withdraw(by, appId)) ? 'withdrawn' : 'not-declared';
    case 'forget-list':
      return (await changes.forgetList(by, appId)) ? 'forgotten' : 'no-list';
    case 'refresh-list':
      return changes.refreshList(by, appId);
    default:
      return action satisfies never;
  }
}

/** What pages are rendered with is loaded at the first request: most gateways never need it. */
function loadedOnce(parts: FactsParts): () => Promise<Pages> {
  let loaded: Promise<Pages> | undefined;
  return () => {
    loaded ??= import('./pages.ts').then(({ makePages }) => makePages(parts));
    // A failure is a fault of ours; the next request tries again.
    loaded.catch(() => (loaded = undefined));
    return loaded;
  };
}

/** A secret in the place of an appId is not repeated. */
function appIdIn(req: Request, res: Response): string {
  const { appId } = req.params;
  return typeof appId !== 'string' || scopeOf(res).holdsSecret(appId) ? '' : appId;
}

const PARAMS = ['q', 'filter', 'sort', 'order', 'page', 'after', 'done', 'lang', 'view'];

/** What pages understand of a query. They repeat some of it in links, but no secret. */
function paramsOf(req: Request, res: Response): URLSearchParams {
  const given = new URLSearchParams(/\?(.*)$/s.exec(req.originalUrl)?.[1] ?? '');
  const { holdsSecret } = scopeOf(res);
  const known = new URLSearchParams();
  for (const name of PARAMS) {
    const value = given.get(name);
    if (value !== null && !holdsSecret(value)) known.set(name, value);
  }
  return known;
}

function askedBy(req: Request, res: Response, { clock }: PageParts, root: string): Asked {
  const params = paramsOf(req, res);
  const language = languageOf(req, res);
  const chosen = languageNamed(params.get('lang'));
  const notice = params.get('done') ?? undefined;
  params.delete('done');
  params.set('lang', language === 'zh' ? 'en' : 'zh');
  return {
    setting: settingOf(language, chosen, root, clock.now()),
    otherLanguage: `?${params.toString()}`,
    canSignOut: scopeOf(res).signIn !== undefined,
    notice,
  };
}

async function sendPage(req: Request, res: Response, { status, text }: Page): Promise<void> {
  Object.assign(scopeOf(res).headers, pageHeaders(";script-src 'self';connect-src 'self'"));
  await sendText(req, res, status, 'text/html; charset=utf-8', Buffer.from(text));
}

/** `GET /events?view=…`: the regions of a view, again and again, as long as somebody looks. */
function answerEvents(parts: PageParts, pages: () => Promise<Pages>): RequestHandler {
  const { streams, signIns, clock } = parts;
  return async (req, res) => {
    const found = viewAt(paramsOf(req, res).get('view') ?? '/');
    const language = found?.chosen ?? languageOf(req, res);
    const { regions } = await pages();
    if (found === undefined) return sendPlain(res, 404, 'No such view.');
    if (!streams.hasRoom()) return sendPlain(res, 503, 'Too many live pages are open.', '30');
    const { view, chosen } = found;
    const root = rootOf(view.kind);
    const { headers, signIn } = scopeOf(res);
    const stream = streams.open(res, { ...headers, ...STREAM_HEADERS }, (moment) =>
      regions(view, settingOf(language, chosen, root, clock.now()), moment),
    );
    if (stream && signIn !== undefined) res.on('close', signIns.onEnd(signIn, stream.signedOut));
  };
}

/** Nothing on the way may keep, change or hold back what comes. */
const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
};

/** For the script of the page, which reads the status alone. */
function sendPlain(res: Response, status: 404 | 503, text: string, retryAfter?: string): void {
  const headers = retryAfter === undefined ? {} : { 'Retry-After': retryAfter };
  send(res, status, 'text/plain; charset=utf-8', Buffer.from(`${text}\n`), headers);
}
