import { httpCall, type HttpAnswer } from './http-client.ts';
import { KEY, type TestGateway } from './start-gateway.ts';

interface Options {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `GET /accounts/{appId}` with the key of the client `test`, or other headers. */
export function askAccount(
  { url }: Pick<TestGateway, 'url'>,
  appId: string,
  { method = 'GET', headers = { Authorization: `Bearer ${KEY}` } }: Options = {},
): Promise<HttpAnswer> {
  return httpCall(url, { method, path: `/accounts/${appId}`, headers });
}
