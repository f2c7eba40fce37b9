import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';

export const TOKEN = 'simulator-token';

/** The parts of a response that tests read. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

/** Calls an operation as GEWE's documentation says, with node's fetch. */
export async function call(
  baseUrl: string,
  operation: string,
  body: object = { appId: 'wx_1' },
  init: RequestInit = {},
): Promise<Answer> {
  const response = await fetch(`${baseUrl}/${operation}`, {
    method: 'POST',
    headers: { 'X-GEWE-TOKEN': TOKEN, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    redirect: 'manual',
    ...init,
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The parsed answer of an operation. */
export async function ask(
  baseUrl: string,
  operation: string,
  body: object = { appId: 'wx_1' },
  init: RequestInit = {},
) {
  return JSON.parse((await call(baseUrl, operation, body, init)).text);
}

/** How a call ends below the level of fetch: the received bytes, and the code of the error that ended them. */
export async function callToItsEnd(
  baseUrl: string,
  operation: string,
): Promise<{ headers?: IncomingMessage['headers']; received: string; error?: string | undefined }> {
  const req = request(`${baseUrl}/${operation}`, {
    method: 'POST',
    headers: { 'X-GEWE-TOKEN': TOKEN },
    agent: false,
  });
  req.end('{"appId":"wx_1"}');
  let res: IncomingMessage;
  try {
    [res] = (await once(req, 'response')) as [IncomingMessage];
  } catch (error) {
    return { received: '', error: codeOf(error) };
  }
  let received = '';
  try {
    for await (const chunk of res) received += String(chunk);
    return { headers: res.headers, received };
  } catch (error) {
    return { headers: res.headers, received, error: codeOf(error) };
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
