/** Before a server is timed it has to answer correctly. */
import assert from 'node:assert/strict';
import { addressBook } from './address-books.ts';
import { ask, type Request } from './requests.ts';

/**
 * Asks a server once as it will be asked, and compares its answer with the upstream's.
 * @throws AssertionError
 */
export async function answersRightly(name: string, url: string, request: Request): Promise<void> {
  const { operation } = request;
  if (operation === 'fetchContactsList') return sendsSavedList(name, url, request);
  const answer = await ask(url, { ...request, body: filledIn(request.body) });
  const { ret } = (await answer.json()) as { ret?: unknown };
  assert.deepEqual(
    { status: answer.status, ret },
    { status: 200, ret: 200 },
    `${name} ${operation}`,
  );
}

/** For servers that check the key. */
export async function refusesWrongKey(name: string, url: string, request: Request): Promise<void> {
  const headers = { ...request.headers, authorization: 'Bearer wrong' };
  const { status } = await ask(url, { ...request, headers });
  assert.equal(status, 401, `${name} with a wrong key`);
}

async function sendsSavedList(name: string, url: string, request: Request): Promise<void> {
  // Has the list fetched and saved.
  const headers = { ...request.headers, 'cache-control': 'no-cache' };
  await (await ask(url, { ...request, headers })).arrayBuffer();
  const answer = await ask(url, request);
  const body = Buffer.from(await answer.arrayBuffer());
  assert.ok(answer.ok && body.equals(addressBook(0)), `${name} sends the list`);
  const encoding = answer.headers.get('content-encoding');
  assert.equal(encoding, request.headers['accept-encoding'] ?? null, `${name} compresses as asked`);
  const source = answer.headers.get('x-gateway-source') ?? answer.headers.get('x-cache') ?? 'HIT';
  assert.match(source, /^(saved|HIT)$/, `${name} has the list saved`);
}

function filledIn(body: string): string {
  return body.replace('{n}', '0').replace('{account}', '0');
}
