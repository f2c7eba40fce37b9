/** The contact list: how old it is and where it came from, counts, names, and a filter. */
import { announce, byId, make, say, show } from './dom.ts';
import type { Answer, Gateway } from './gateway.ts';
import { failureInWords, originInWords, type ListOrigin } from './words.ts';

const KINDS = ['friends', 'chatrooms', 'ghs'] as const;
type Kind = (typeof KINDS)[number];
const PAGE_SIZE = 50;
const AGE_EVERY_MS = 15_000;
/** A list this young is good enough when the page is opened: WeChat warns accounts whose list is fetched too often. */
const YOUNG_SECONDS = 300;

interface Person {
  readonly userName: string;
  readonly nickName?: string | null;
  readonly remark?: string | null;
}

export interface ListView {
  /** Loads the list of an account. @param isFresh whether to ask for the live list even if a fresh one is saved */
  load(appId: string, isFresh: boolean): Promise<void>;
}

/** @param report gets every answer first, and says whether the view may use it */
export function createListView(gateway: Gateway, report: (answer: Answer) => boolean): ListView {
  const section = byId('list', HTMLElement);
  const origin = byId('origin', HTMLParagraphElement);
  const people = byId('people', HTMLUListElement);
  const filter = byId('filter', HTMLInputElement);
  const kinds = byId('kinds', HTMLFieldSetElement);
  const more = byId('more', HTMLButtonElement);

  let lists: Readonly<Record<Kind, readonly string[]>> = { friends: [], chatrooms: [], ghs: [] };
  let names = new Map<string, string>();
  let shownAtMost = PAGE_SIZE;
  let current = '';
  /** What the list on the page is, and since when it is there, by `performance.now()`. */
  let shown: { readonly origin: ListOrigin; readonly since: number } | undefined;

  const kind = () => kinds.querySelector<HTMLInputElement>('input:checked')?.value as Kind;

  function matching(): readonly string[] {
    const wanted = filter.value.trim().toLowerCase();
    const fits = (id: string) => `${id} ${names.get(id) ?? ''}`.toLowerCase().includes(wanted);
    return wanted === '' ? lists[kind()] : lists[kind()].filter(fits);
  }

  function render(): void {
    const ids = matching();
    const shown = ids.slice(0, shownAtMost);
    people.replaceChildren(...shown.map((id) => row(id, names.get(id))));
    const of = ids.length === lists[kind()].length ? '' : `，符合筛选的 ${ids.length} 个`;
    say(byId('count', HTMLParagraphElement), `共 ${lists[kind()].length} 个${of}`);
    show(more, ids.length > shown.length);
    for (const one of KINDS) {
      const label = kinds.querySelector(`[value=${one}] + span`);
      if (label !== null) label.textContent = `${NAMES[one]} ${lists[one].length}`;
    }
  }

  /** Asks for the names of what is shown, where they are not known yet. Without them the ids stay. */
  async function fetchNames(): Promise<void> {
    const appId = current;
    const wxids = matching()
      .slice(0, shownAtMost)
      .filter((id) => !names.has(id))
      .slice(0, 100);
    if (wxids.length === 0) return;
    const { status, body } = await gateway.post('getBriefInfo', { appId, wxids });
    if (appId !== current || status !== 200 || !Array.isArray(body['data'])) return;
    for (const one of body['data'] as readonly Person[]) {
      const name = one.remark || one.nickName;
      if (name) names.set(one.userName, name);
    }
    render();
  }

  /** A page that is left open must not call an hour-old list live. */
  function renderAge(): void {
    if (shown === undefined || section.ariaBusy === 'true') return;
    say(origin, originInWords(shown.origin, (performance.now() - shown.since) / 1000));
  }

  function changed(): void {
    render();
    void fetchNames();
  }

  for (const input of kinds.querySelectorAll('input')) {
    input.addEventListener('change', () => {
      shownAtMost = PAGE_SIZE;
      changed();
    });
  }
  window.setInterval(renderAge, AGE_EVERY_MS);
  filter.addEventListener('input', render);
  more.addEventListener('click', () => {
    shownAtMost += PAGE_SIZE;
    changed();
  });

  return {
    async load(appId, isFresh) {
      if (appId !== current) {
        [current, names, shownAtMost] = [appId, new Map<string, string>(), PAGE_SIZE];
        lists = { friends: [], chatrooms: [], ghs: [] };
        shown = undefined;
        filter.value = '';
        people.replaceChildren();
      }
      section.ariaBusy = 'true';
      say(origin, '正在取名单……');
      const directive = isFresh ? 'no-cache' : `max-age=${YOUNG_SECONDS}`;
      const answer = await gateway.post(
        'fetchContactsList',
        { appId },
        { 'Cache-Control': directive },
      );
      if (appId !== current) return;
      section.ariaBusy = 'false';
      if (!report(answer)) return;
      const data = answer.body['data'] as
        Partial<Record<Kind, readonly string[] | null>> | undefined;
      if (answer.status !== 200 || data === undefined || !Array.isArray(data.friends)) {
        shown = undefined;
        say(origin, failureInWords(answer.status, answer.body['msg']), true);
        return announce(`通讯录：${origin.textContent}`);
      }
      lists = { friends: data.friends, chatrooms: data.chatrooms ?? [], ghs: data.ghs ?? [] };
      shown = { origin: originOf(answer), since: performance.now() };
      renderAge();
      announce(`通讯录：${origin.textContent}`);
      changed();
    },
  };
}

const NAMES: Readonly<Record<Kind, string>> = { friends: '好友', chatrooms: '群聊', ghs: '公众号' };

function originOf({ headers }: Answer): ListOrigin {
  return {
    source: headers.get('X-Gateway-Source'),
    age: headers.get('Age'),
    cacheStatus: headers.get('Cache-Status'),
  };
}

function row(id: string, name: string | undefined): HTMLElement {
  const initial = make('span', 'initial', [...(name ?? id)][0] ?? '');
  initial.ariaHidden = 'true';
  const known = name === undefined ? [] : [make('span', 'id', id)];
  return make('li', '', [initial, make('span', 'name', name ?? id), ...known]);
}
