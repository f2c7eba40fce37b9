/** Signing in and out, choosing an account, and the parts of the page for it. */
import { startAddForm } from './add-form.ts';
import { byId, make, onSubmit, say, show } from './dom.ts';
import { createGateway, type Answer, type Session } from './gateway.ts';
import { createListView } from './list-view.ts';
import { createStatusView } from './status-view.ts';
import { failureInWords } from './words.ts';

const gateway = createGateway();
const list = createListView(gateway, report);
const status = createStatusView(gateway, report);
const account = byId('account', HTMLSelectElement);
const signInProblem = byId('sign-in-problem', HTMLParagraphElement);

const addForm = startAddForm({
  gateway,
  appId: () => account.value,
  report,
  async afterAdd() {
    await status.load(account.value);
  },
});

/** Back to the sign-in if the session has ended and there is no other to have. */
function report(answer: Answer): boolean {
  if (answer.status !== 401) return true;
  showSignIn(failureInWords(401, undefined));
  return false;
}

function showSignIn(problem = ''): void {
  gateway.forget();
  show(byId('desk', HTMLDivElement), false);
  show(byId('who', HTMLDivElement), false);
  show(byId('sign-in', HTMLElement), true);
  say(signInProblem, problem, true);
  byId('sign-in-title', HTMLHeadingElement).focus();
}

function showDesk({ user, appIds }: Session): void {
  say(byId('user', HTMLSpanElement), user);
  account.replaceChildren(...appIds.map((appId) => make('option', '', appId)));
  addForm.clear();
  const cameFromSignIn = !byId('sign-in', HTMLElement).hidden;
  show(byId('sign-in', HTMLElement), false);
  show(byId('who', HTMLDivElement), true);
  show(byId('desk', HTMLDivElement), true);
  // The button that had the focus is gone.
  if (cameFromSignIn) account.focus();
  void openAccount();
}

async function openAccount(): Promise<void> {
  const appId = account.value;
  const [isKnown] = await Promise.all([status.load(appId), list.load(appId, false)]);
  // It is from its first list on.
  if (!isKnown && appId === account.value) await status.load(appId);
}

/** What a session allows, or the sign-in. */
async function start(): Promise<void> {
  try {
    const session = await gateway.session();
    if (session === undefined) showSignIn();
    else showDesk(session);
  } catch {
    showSignIn('暂时无法登录，请稍后再试');
  }
}

onSubmit(byId('sign-in-form', HTMLFormElement), async () => {
  const { value: user } = byId('staff', HTMLSelectElement);
  gateway.forget();
  const signedIn = await postHere('/sign-in', { user });
  if (signedIn) await start();
  else say(signInProblem, '登录失败，请稍后再试', true);
});

byId('sign-out', HTMLButtonElement).addEventListener('click', () => {
  void postHere('/sign-out', {}).then((done) => {
    showSignIn(done ? '' : '退出时没有连上服务器，凭证最多十五分钟后失效');
  });
});

account.addEventListener('change', () => {
  addForm.clear();
  void openAccount();
});

byId('refresh', HTMLButtonElement).addEventListener('click', () => {
  void Promise.all([status.load(account.value), list.load(account.value, true)]);
});

// A timer stands still while the machine sleeps.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && account.value !== '')
    void status.load(account.value);
});

/** A call to this page's own backend. Resolves to whether it worked. */
async function postHere(path: string, body: object): Promise<boolean> {
  const headers = { 'Content-Type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(path, init).catch(() => undefined);
  return response?.ok === true;
}

await start();
