import { addBody } from '../../support/add-contacts.ts';
import { type RunningGateway } from '../../support/gateway-processes.ts';
import { GOOD_HEADERS, httpCall, type HttpAnswer } from '../../support/http-client.ts';
import {
  askList,
  listBytes,
  NO_FALLBACK,
  ONLY_IF_CACHED,
  type Reply,
} from '../../support/lists.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';

/** One addContacts with its own `v3`, which is its Idempotency-Key if it is `keyed`. */
export interface Add {
  readonly appId: string;
  readonly v3: string;
  readonly keyed: boolean;
  /** Undefined if the gateway was killed first. */
  answer?: HttpAnswer;
}

/** The state of an account's lists, which are numbered. */
interface ListState {
  /** The last one that the upstream was asked to send. */
  sent: number;
  /** The last one that a caller got live. */
  got: number;
}

export interface Load {
  readonly adds: readonly Add[];
  readonly lists: ReadonlyMap<string, ListState>;
  /** Saved lists with a wrong content. */
  readonly wrongLists: readonly string[];
  /** Calls without a pause until the gateway has ended. */
  on(gateway: RunningGateway, round: number): Promise<void>;
}

const ADD_ACCOUNTS = ['wx_add_1', 'wx_add_2'];
const LIST_ACCOUNTS = ['wx_list_1', 'wx_list_2'];
const CALLERS_PER_ACCOUNT = 3;

export function sendAdd(url: string, { appId, v3, keyed }: Add): Promise<HttpAnswer> {
  return httpCall(url, {
    path: '/contacts/addContacts',
    headers: { ...GOOD_HEADERS, ...(keyed ? { 'Idempotency-Key': v3 } : {}) },
    body: JSON.stringify(addBody(appId, v3)),
  });
}

/** The list with this number, 50 to 300 KB, with its number in every part, so that a partial list equals none. */
function numberedList(appId: string, number: number): string {
  const mark = `${appId}#${number};`;
  return listBytes(mark, mark.repeat((50_000 + ((number * 7919) % 250_000)) / mark.length));
}

/** The fault of a saved list; undefined if it is complete and not older than one that a caller already had. */
export function faultOf(reply: Reply, appId: string, { got, sent }: ListState): string | undefined {
  if (reply.status === 504 && got === 0) return undefined;
  const text = reply.body.toString();
  const number = Number(/#(\d+);/.exec(text)?.[1]);
  if (text !== numberedList(appId, number)) {
    return `${appId}: ${reply.status}, ${text.length} bytes that the upstream never sent`;
  }
  const isInRange = number >= got && number <= sent;
  return isInRange ? undefined : `${appId}: number ${number}, not from ${got} to ${sent}`;
}

export function createLoad(simulator: Simulator): Load {
  const adds: Add[] = [];
  const lists = new Map(LIST_ACCOUNTS.map((appId) => [appId, { sent: 0, got: 0 }]));
  const wrongLists: string[] = [];

  /** A different response each time, so that a replay can be recognised. */
  function prepareAnswers(round: number): void {
    for (const appId of ADD_ACCOUNTS) {
      const answers = Array.from({ length: 500 }, (_, i) => ({
        operations: ['addContacts'],
        times: 1,
        raw: { body: `{"ret":200,"msg":"操作成功","serial":"${round}-${i}"}` },
      }));
      simulator.behave(appId, answers);
    }
  }

  async function addOnAndOn({ url }: RunningGateway, appId: string, name: string): Promise<void> {
    for (let i = 0; ; i++) {
      const add: Add = { appId, v3: `v3_${name}_${i}`, keyed: i % 3 > 0 };
      adds.push(add);
      add.answer = await sendAdd(url, add);
    }
  }

  async function listOnAndOn(gateway: RunningGateway, appId: string, state: ListState) {
    for (;;) {
      state.sent += 1;
      const { sent } = state;
      simulator.behave(appId, { raw: { body: numberedList(appId, sent) } });
      const live = await askList(gateway, appId, NO_FALLBACK);
      if (live.headers['cache-status'] === 'gewe-gateway; fwd=miss; stored') state.got = sent;
      const saved = await askList(gateway, appId, ONLY_IF_CACHED);
      const fault = faultOf(saved, appId, state);
      if (fault !== undefined) wrongLists.push(fault);
    }
  }

  return {
    adds,
    lists,
    wrongLists,
    async on(gateway, round) {
      prepareAnswers(round);
      const callers = [
        ...ADD_ACCOUNTS.flatMap((appId) =>
          Array.from({ length: CALLERS_PER_ACCOUNT }, (_, i) =>
            addOnAndOn(gateway, appId, `${round}_${appId}_${i}`),
          ),
        ),
        ...[...lists].map(([appId, state]) => listOnAndOn(gateway, appId, state)),
      ];
      // Each ends with the error of a closed connection.
      await Promise.allSettled(callers);
    },
  };
}
