/**
 * Holds every answer of a flow test's gateway against the API's document. The HTTP clients of the tests call this. Requests
 * on raw sockets, and the few that supertest sends past them, are not held.
 */
import { expect } from '@jest/globals';
import type { Answered } from './answer-check.ts';

/** What flow tests do on purpose that no document can say. */
export const NOT_DOCUMENTABLE: readonly {
  /** The test file's name, without `.test.ts`. */
  readonly file: string;
  readonly tests: RegExp;
  readonly reason: string;
}[] = [
  {
    file: 'proxying',
    tests: /is forwarded and answered without a changed byte/,
    reason: 'its upstream answers every operation with the same odd bytes, whatever its data is',
  },
  {
    file: 'proxying',
    tests:
      /a response without a content type as JSON|whose content type is not ASCII|of exactly ANSWER_LIMIT_BYTES/,
    reason: 'its upstream answers `ret` 200 to search without the data that GEWE documents',
  },
  { file: 'token', tests: /is redacted in a response that repeats it/, reason: 'the same' },
  {
    file: 'upstream-connections',
    tests: /is passed on|closes the connection if the request is not sent completely/,
    reason: 'the same',
  },
  { file: 'upstream-unreachable', tests: /is reached at its second address/, reason: 'the same' },
  {
    file: 'upstream-not-utf8',
    tests: /byte for byte/,
    reason: 'its upstream answers every operation with a contact list',
  },
];

type AnswerCheck = typeof import('./answer-check.ts');

/** Node's own loader keeps it for the whole process. Jest's would make the document and its validators for each test file. */
const load = process.getBuiltinModule('node:module').createRequire(import.meta.url);

const held = new Set<string>();
let check: AnswerCheck['checkAnswer'] | undefined;

/** From now on the answers from this address are held against the document, if this is a flow test. */
export function holdAnswersOf(url: string): void {
  if (!/[\\/]test[\\/]flow[\\/]/.test(expect.getState().testPath ?? '')) return;
  held.add(new URL(url).host);
  check ??= (load('./answer-check.ts') as AnswerCheck).checkAnswer;
}

/** Throws if the answer comes from a held address and is not as the document says. */
export function holdAnswer(answered: Answered): void {
  if (check === undefined || !held.has(new URL(answered.url).host)) return;
  const faults = check(answered) ?? [];
  if (faults.length === 0 || isExcepted()) return;
  const { method, path, status } = answered;
  throw new Error(
    `The API's document (src/docs) does not allow the answer ${status} to ${method} ${path}:\n${faults.join('\n')}`,
  );
}

function isExcepted(): boolean {
  const { testPath = '', currentTestName = '' } = expect.getState();
  const file = testPath.replace(/^.*[\\/]|\.test\.ts$/g, '');
  return NOT_DOCUMENTABLE.some((one) => one.file === file && one.tests.test(currentTestName));
}
