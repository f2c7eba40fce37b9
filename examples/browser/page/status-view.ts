/** What is left of an account's quotas, and the countdown to its next add. */
import { announce, byId, make, say, show } from './dom.ts';
import type { Answer, Gateway } from './gateway.ts';
import {
  countdownInWords,
  failureInWords,
  instantInWords,
  openingInWords,
  quotaInWords,
  type Quota,
} from './words.ts';

/** What `GET /accounts/{appId}` answers, as far as this page shows it. */
interface Account {
  readonly state: 'known' | 'unknown';
  readonly now: string;
  readonly onlineSince: string | null;
  readonly canAddNow: boolean;
  readonly nextAddAt: string | null;
  readonly opensInSeconds: number | null;
  readonly quotas: readonly Quota[];
}

export interface StatusView {
  /** Loads the state of an account, and turns the button for adding on or off by it. Resolves to whether it is known. */
  load(appId: string): Promise<boolean>;
}

/** Not before: an answer that is a little early must not become a loop. Milliseconds. */
const LEAST_WAIT_MS = 1000;

/** @param report gets every answer first, and says whether the view may use it */
export function createStatusView(
  gateway: Gateway,
  report: (answer: Answer) => boolean,
): StatusView {
  const send = byId('send', HTMLButtonElement);
  const opens = byId('opens', HTMLParagraphElement);
  const problem = byId('status-problem', HTMLParagraphElement);
  let current = '';
  let ticking: number | undefined;

  /** By this page's stopwatch: its clock may be wrong, and the gateway says how long it takes. */
  function countDown(appId: string, seconds: number): void {
    const opensAt = performance.now() + Math.max(LEAST_WAIT_MS, seconds * 1000);
    const tick = () => {
      const leftMs = opensAt - performance.now();
      say(opens, countdownInWords(Math.max(0, Math.ceil(leftMs / 1000))));
      if (leftMs > 0) return;
      stopTicking();
      setOpen(true);
      announce('现在可以添加了');
      void load(appId);
    };
    ticking = window.setInterval(tick, 1000);
    tick();
  }

  function stopTicking(): void {
    window.clearInterval(ticking);
    ticking = undefined;
  }

  function setOpen(canAdd: boolean): void {
    send.disabled = !canAdd;
    show(opens, ticking !== undefined);
  }

  function render(appId: string, account: Account): void {
    stopTicking();
    const { canAddNow, opensInSeconds, nextAddAt, now, onlineSince } = account;
    if (!canAddNow && opensInSeconds !== null) countDown(appId, opensInSeconds);
    setOpen(canAddNow);
    const state = byId('state', HTMLParagraphElement);
    state.classList.toggle('open', canAddNow);
    say(state, canAddNow ? '现在可以添加' : stateInWords(nextAddAt, now));
    const online = onlineSince === null ? '' : `从 ${instantInWords(onlineSince, now)} 起在线`;
    say(byId('online', HTMLParagraphElement), online);
    const rows = account.quotas.map((quota) => quotaRow(quota, now));
    byId('quotas', HTMLUListElement).replaceChildren(...rows);
  }

  async function load(appId: string): Promise<boolean> {
    if (appId !== current) {
      stopTicking();
      current = appId;
      send.disabled = true;
    }
    const answer = await gateway.get(`/accounts/${encodeURIComponent(appId)}`);
    if (appId !== current || !report(answer)) return true;
    const { status, body } = answer;
    say(problem, status === 200 ? '' : failureInWords(status, body['msg']), true);
    // The gateway decides anyway.
    if (status !== 200 && ticking === undefined) setOpen(true);
    if (status !== 200) return true;
    const account = body as unknown as Account;
    render(appId, account);
    return account.state === 'known';
  }

  return { load };
}

function stateInWords(nextAddAt: string | null, now: string): string {
  if (nextAddAt === null) return '网关还不认识这个账号，取一次通讯录后再看';
  return `暂时不能添加，${openingInWords(nextAddAt, now)} 开放`;
}

function quotaRow(quota: Quota, now: string): HTMLElement {
  const { name, limit, left, opensAt } = quota;
  const label = document.createElement('label');
  const meter = document.createElement('meter');
  meter.id = `quota-${name}`;
  label.htmlFor = meter.id;
  label.textContent = quotaInWords(quota);
  // Good while more than half is left, bad below a quarter.
  Object.assign(meter, {
    max: limit,
    low: limit / 4,
    high: limit / 2,
    optimum: limit,
    value: left,
  });
  const opens = opensAt === null ? '' : `，${openingInWords(opensAt, now)} 恢复`;
  return make('li', '', [label, make('span', 'note', `还剩 ${left} / ${limit}${opens}`), meter]);
}
