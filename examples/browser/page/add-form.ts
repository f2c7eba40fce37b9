/** Finds a person, sends the friend request, and says in words what became of it. */
import { byId, make, onSubmit, say } from './dom.ts';
import type { Answer, Gateway } from './gateway.ts';
import { failureInWords } from './words.ts';

/** The request came over a search. GEWE's documentation of addContacts lists the other values. */
const SCENE_SEARCH = 3;
const OPTION_ADD = 2;

interface AddFormParts {
  readonly gateway: Gateway;
  appId(): string;
  /** Gets every answer first, and says whether the form may use it. */
  report(answer: Answer): boolean;
  /** Loads the account's state again: an add, refused or not, can have changed it. */
  afterAdd(): Promise<void>;
}

export interface AddForm {
  /** Forgets the person: their v3 and v4 were found for one account. */
  clear(): void;
}

export function startAddForm({ gateway, appId, report, afterAdd }: AddFormParts): AddForm {
  const search = byId('search', HTMLFormElement);
  const add = byId('add', HTMLFormElement);
  const found = byId('found', HTMLParagraphElement);
  const send = byId('send', HTMLButtonElement);
  const [v3, v4] = [byId('v3', HTMLInputElement), byId('v4', HTMLInputElement)];
  const result = byId('result', HTMLDivElement);
  /** Of the friend request whose outcome is not known. */
  let unknown: { readonly request: string; readonly key: string } | undefined;

  onSubmit(search, async () => {
    const contactsInfo = byId('whom', HTMLInputElement).value.trim();
    say(found, '正在查找……');
    const answer = await gateway.post('search', { appId: appId(), contactsInfo });
    if (!report(answer)) return;
    const person = answer.body['data'] as Record<string, string> | undefined;
    if (answer.status !== 200 || person?.['v3'] === undefined) {
      const nobody = answer.status === 200 ? '没有找到这个人' : '';
      say(
        found,
        failureInWords(answer.status, answer.body['ret'] === 200 ? nobody : answer.body['msg']),
        true,
      );
      return;
    }
    v3.value = person['v3'];
    v4.value = person['v4'] ?? '';
    say(found, `找到：${person['nickName'] ?? contactsInfo}`);
  });

  let isSending = false;
  onSubmit(add, async () => {
    if (isSending) return;
    isSending = true;
    await sendRequest();
    isSending = false;
  });

  async function sendRequest(): Promise<void> {
    if (v3.value.trim() === '') {
      byId('ids', HTMLDetailsElement).open = true;
      showResult('请先查找要添加的人，或直接填写 v3', true);
      v3.focus();
      return;
    }
    const content = byId('greeting', HTMLTextAreaElement).value.trim();
    const person = { v3: v3.value.trim(), v4: v4.value.trim() };
    const request = { appId: appId(), scene: SCENE_SEARCH, option: OPTION_ADD, ...person, content };
    // While no answer has come, a repeat has the same key: the gateway then sends nothing twice.
    const same = unknown?.request === JSON.stringify(request);
    unknown = { request: JSON.stringify(request), key: same ? unknown!.key : newKey() };

    send.disabled = true;
    showResult('正在发送……', false);
    const answer = await gateway.post('addContacts', request, { 'Idempotency-Key': unknown.key });
    if (answer.status !== 0) unknown = undefined;
    if (report(answer)) showAnswer(answer);
    await afterAdd();
    // Whoever uses a keyboard would otherwise be left on a button that is off.
    if (send.disabled) result.focus();
  }

  function showAnswer({ status, body }: Answer): void {
    if (status === 200 && body['ret'] === 200) {
      clear();
      return showResult('好友申请已发送', false);
    }
    showResult(failureInWords(status, body['msg']), true, body['code']);
  }

  function clear(): void {
    add.reset();
    search.reset();
    say(found, '');
    result.replaceChildren();
  }

  function showResult(text: string, isBad: boolean, code?: unknown): void {
    result.classList.toggle('bad', isBad);
    const lines = [make('p', '', text)];
    if (typeof code === 'string') lines.push(make('p', 'note', `错误码 ${code}`));
    result.replaceChildren(...lines);
  }

  return { clear };
}

/** `crypto.randomUUID` is missing on pages over plain http. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
