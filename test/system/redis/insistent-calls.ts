import { eventually } from '../../support/eventually.ts';
import type { HttpAnswer } from '../../support/http-client.ts';

/** Repeats a request while the store is unavailable or the previous request is unfinished. */
export async function untilTaken(ask: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  let answer = await ask();
  await eventually(async () => {
    if (![409, 503].includes(answer.status)) return true;
    answer = await ask();
    return false;
  });
  return answer;
}

export interface Timed {
  readonly answer: HttpAnswer;
  readonly tookMs: number;
}

/** Thirty calls at once. */
export function atOnce(ask: (i: number) => Promise<HttpAnswer>): Promise<Timed[]> {
  return Promise.all(
    Array.from({ length: 30 }, async (_, i) => {
      const from = performance.now();
      const answer = await ask(i);
      return { answer, tookMs: performance.now() - from };
    }),
  );
}
