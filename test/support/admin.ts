import { httpCall, type HttpAnswer } from './http-client.ts';
import type { TestGateway } from './start-gateway.ts';

/** A request of an operator to the admin API. An unsafe method says that it comes from the listener's own page. */
export function askAdmin(
  { opsUrl }: Pick<TestGateway, 'opsUrl'>,
  path: string,
  method = 'GET',
  body?: unknown,
): Promise<HttpAnswer> {
  const own = method === 'GET' ? {} : { Origin: opsUrl };
  const json = body === undefined ? {} : { 'Content-Type': 'application/json' };
  return httpCall(opsUrl, {
    method,
    path: `/admin${path}`,
    headers: { ...own, ...json },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Every page from the first one on, by following `next`. */
export async function allPages(
  gateway: Pick<TestGateway, 'opsUrl'>,
  path: string,
  member: string,
): Promise<Record<string, unknown>[][]> {
  const pages: Record<string, unknown>[][] = [];
  const separator = path.includes('?') ? '&' : '?';
  for (let next: string | null = ''; next !== null;) {
    const answer: HttpAnswer = await askAdmin(gateway, `${path}${separator}after=${next}`);
    if (answer.status !== 200) throw new Error(answer.body.toString());
    pages.push(answer.json()[member] as Record<string, unknown>[]);
    next = answer.json()['next'] as string | null;
  }
  return pages;
}
