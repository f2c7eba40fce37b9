import { httpCall, type HttpAnswer } from './http-client.ts';
import { KEY, type TestGateway } from './start-gateway.ts';

/** `GET /accounts/{appId}` with the key of the client `test`, or other headers. */
export function askAccount(
  { url }: Pick<TestGateway, 'url'>,
  appId: string,
  { method = 'GET', headers = { Authorization: `Bearer ${KEY}` } as Record<string, string> } = {},
): Promise<HttpAnswer> {
  return httpCall(url, { method, path: `/accounts/${appId}`, headers });
}
