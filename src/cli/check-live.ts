/** `check --live`: tries the ports, the store, the upstream and the issuers in the settings, and leaves nothing behind. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { createJsonClient, type JsonClient } from '../auth/issuers/fetch-json.ts';
import { fetchKeys, keySourceOf, type FetchFailure } from '../auth/issuers/fetch-keys.ts';
import { createClient } from '../gewe/client.ts';
import { isObject, retOf, type Outcome } from '../gewe/outcome.ts';
import { ListenError, whyNotListening } from '../listen-error.ts';
import type { IssuerSettings } from '../settings/issuer.ts';
import type { Loaded } from '../settings/load.ts';
import type { Settings } from '../settings/settings.ts';
import { openTokenPlace } from '../settings/token.ts';
import { openStores } from '../stores/open.ts';
import { StoreOpenError } from '../stores/stores.ts';

/** The result of trying one thing in the settings. */
export interface Finding {
  /** The names of the settings. */
  readonly what: string;
  readonly ok: boolean;
  /** What was found and, if it is wrong, what to do. Contains no secret. */
  readonly detail: string;
}

/** People at a terminal do not want to wait longer, even if callers may. */
const UPSTREAM_MS = 10_000;

/** Never rejects: failures are findings. The path of the store is relative to `cwd`. */
export async function checkLive(loaded: Loaded, cwd: string): Promise<readonly Finding[]> {
  const { settings } = loaded;
  const [ports, store, upstream, issuers] = await Promise.all([
    tryPorts(settings),
    tryStore(settings, cwd),
    tryUpstream(loaded),
    tryIssuers(loaded.clients.issuers),
  ]);
  return [...ports, store, ...upstream, ...issuers];
}

/** Both at the same time, as the gateway opens them. */
async function tryPorts({ host, port, opsHost, opsPort }: Settings): Promise<Finding[]> {
  const listening: Server[] = [];
  const findings: Finding[] = [];
  for (const [listener, what, address] of [
    ['client', 'HOST, PORT', { host, port }],
    ['ops', 'OPS_HOST, OPS_PORT', { host: opsHost, port: opsPort }],
  ] as const) {
    const server = createServer();
    try {
      server.listen({ ...address, exclusive: true });
      await once(server, 'listening');
      listening.push(server);
      const detail = address.port === 0 ? 'there is a free port.' : `port ${address.port} is free.`;
      findings.push({ what, ok: true, detail });
    } catch (error) {
      const detail = whyNotListening(new ListenError(listener, error));
      findings.push({ what, ok: false, detail });
    }
  }
  for (const server of listening) {
    server.close();
    await once(server, 'close');
  }
  return findings;
}

async function tryStore(settings: Settings, cwd: string): Promise<Finding> {
  const what = 'STORE_URL';
  let why: Error | undefined;
  let tried: { readonly url: string; remove(): void } | undefined;
  try {
    tried = storeToTry(settings.storeUrl, cwd);
    const stores = await openStores(tried.url, {
      clock: undefined,
      listMemoryBytes: settings.list.memoryBytes,
      events: {
        onAway: (error) => void (why = error),
        onBack: () => undefined,
        onWarning: () => undefined,
      },
    });
    try {
      await stores.check();
      const warnings = stores.warnings();
      const but = warnings.length === 0 ? '' : ` But it warns: ${warnings.join(', ')}.`;
      return { what, ok: true, detail: `the store opens and takes a write.${but}` };
    } finally {
      await stores.close();
    }
  } catch (error) {
    return { what, ok: false, detail: whyNoStore(why ?? error) };
  } finally {
    tried?.remove();
  }
}

function whyNoStore(error: unknown): string {
  const { message } = error as Error;
  if (error instanceof StoreOpenError) return message;
  const reason = message.replace(/\.$/, '');
  return `the store cannot be written to: ${reason}. Check that it is running, that STORE_URL names it, and that its user has write access.`;
}

/**
 * The store to try. If there is no file yet, the check must not make it: it could belong to another user than the
 * gateway's. Then a file beside it is made, and removed afterwards, with its folder if that is new.
 */
function storeToTry(url: string, cwd: string): { readonly url: string; remove(): void } {
  if (!url.startsWith('sqlite:')) return { url, remove: () => undefined };
  const path = resolve(cwd, url.slice('sqlite:'.length));
  if (existsSync(path) || existsSync(`${path}-wal`)) {
    return { url: `sqlite:${path}`, remove: () => undefined };
  }
  const scratch = join(dirname(path), `check-${randomUUID()}.db`);
  const madeFolder = mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return {
    url: `sqlite:${scratch}`,
    remove() {
      for (const end of ['', '-wal', '-shm', '-lock']) rmSync(`${scratch}${end}`, { force: true });
      removeEmptyFolders(dirname(path), madeFolder);
    },
  };
}

/** Removes folders from the innermost up to `outermost`, as long as they are empty: a gateway may have started since. */
function removeEmptyFolders(innermost: string, outermost: string | undefined): void {
  if (outermost === undefined) return;
  try {
    for (let folder = innermost; folder.length >= outermost.length; folder = dirname(folder)) {
      rmdirSync(folder);
    }
  } catch {
    // There is a file of somebody else in it: it stays.
  }
}

/** Asks about an account that does not exist. GEWE says so, unless the token is wrong. No account is touched. */
async function tryUpstream({ settings, secrets }: Loaded): Promise<readonly Finding[]> {
  const tokenSetting = 'file' in secrets.token ? 'GEWE_TOKEN_FILE' : 'GEWE_TOKEN';
  const client = createClient(settings);
  try {
    const outcome = await client.call(
      {
        kind: 'read',
        path: 'login/checkOnline',
        body: Buffer.from('{"appId":"wx_gewe_gateway_check"}'),
        trace: { requestId: randomUUID(), traceparent: undefined },
        deadlineMs: Math.min(settings.geweTimeoutMs, UPSTREAM_MS),
      },
      openTokenPlace(secrets.token).first,
    );
    return upstreamFindings(outcome, tokenSetting);
  } catch (error) {
    // The token's file was readable a moment ago, when the settings were read.
    const { message } = error as Error;
    return [{ what: tokenSetting, ok: false, detail: `cannot be used: ${message}. Try again.` }];
  } finally {
    await client.close();
  }
}

const BASE_URL = 'GEWE_BASE_URL';

/**
 * What one harmless call shows about the upstream and the token.
 *
 * @param tokenSetting the variable that the token comes from
 */
function upstreamFindings(outcome: Outcome, tokenSetting: string): readonly Finding[] {
  const wrong = whyNotGewe(outcome);
  if (wrong !== undefined) {
    const detail = 'could not be tried, because GEWE did not answer.';
    return [
      { what: BASE_URL, ok: false, detail: wrong },
      { what: tokenSetting, ok: false, detail },
    ];
  }
  const isAccepted = outcome.kind === 'answered';
  return [
    { what: BASE_URL, ok: true, detail: 'GEWE answers there.' },
    {
      what: tokenSetting,
      ok: isAccepted,
      detail: isAccepted
        ? 'GEWE accepts the token.'
        : 'GEWE rejects the token. Set it to the complete token from GEWE, with nothing around it.',
    },
  ];
}

/** Undefined if GEWE answered, even if it rejected the token. */
function whyNotGewe(outcome: Outcome): string | undefined {
  switch (outcome.kind) {
    case 'answered':
      return whyNotItsJson(outcome.answer.json);
    case 'token-rejected':
      return undefined;
    case 'invalid':
      return whyInvalid(outcome);
    case 'unreachable':
      return whyUnreachable(outcome.cause);
    case 'timeout':
      return 'it does not answer in time. Make sure that GEWE is running and that host and port are correct.';
    case 'aborted':
      return 'the call was ended before an answer came. Try again.';
    default:
      return outcome satisfies never;
  }
}

function whyNotItsJson(json: unknown): string | undefined {
  if (isObject(json) && typeof json['code'] === 'string' && typeof json['title'] === 'string') {
    return 'a gewe-gateway answers there, not GEWE. Set it to the address of GEWE.';
  }
  if (retOf(json) !== undefined) return undefined;
  return 'JSON without `ret` came back, so whatever answers there is not GEWE. Correct the host, the port or the path.';
}

function whyInvalid({ why, status = 0 }: Extract<Outcome, { kind: 'invalid' }>): string {
  if (status === 404 || status === 405) {
    return `it was reached, and answered with HTTP status ${status}. The path is probably not right: it usually ends in /v2/api or /gewe/v2/api.`;
  }
  if (status >= 300 && status < 400) {
    return `it was reached, and redirects to another address (HTTP status ${status}). Set it to that address; a redirect is never followed, because the token would go with it.`;
  }
  if (status === 401 || status === 403) {
    return `it was reached, and refuses the call (HTTP status ${status}). GEWE itself never answers with that status. Look at the proxy or firewall in front of it.`;
  }
  if (status >= 500) {
    return `it was reached, and answered with HTTP status ${status}. Check that GEWE is running behind the proxy that answered.`;
  }
  return `it was reached, but what came back is not from GEWE: ${why}. Correct the host, the port, the path, or http and https.`;
}

function whyUnreachable(cause: unknown): string {
  const code = codeOf(cause);
  const shown = code === '' ? '' : ` (${code})`;
  if (['ENOTFOUND', 'EAI_AGAIN'].includes(code)) {
    return `its host name is not known${shown}. Correct the name, or the name server of this machine.`;
  }
  if (code === 'ECONNREFUSED') {
    return `nothing listens at its host and port${shown}. Start GEWE, or correct the host and the port; in a container, 127.0.0.1 is the container itself.`;
  }
  if (/CERT|SIGNATURE|SELF_SIGNED|ISSUER/.test(code)) {
    return `its TLS certificate is not trusted${shown}. Use the host name that its certificate was issued for, or make its CA known with NODE_EXTRA_CA_CERTS.`;
  }
  if (/^ERR_SSL|^EPROTO/.test(code)) {
    return `it does not speak TLS${shown}. Write http:// instead of https://, or correct the port.`;
  }
  return `no connection to it${shown}. Check that this machine can reach the host and the port.`;
}

/** If several addresses were tried, the code for the first one. */
function codeOf(cause: unknown): string {
  const { code, errors } = (cause ?? {}) as { code?: unknown; errors?: readonly unknown[] };
  if (typeof code === 'string') return code;
  return errors === undefined || errors.length === 0 ? '' : codeOf(errors[0]);
}

async function tryIssuers(issuers: readonly IssuerSettings[]): Promise<readonly Finding[]> {
  const http = createJsonClient();
  try {
    return await Promise.all(issuers.map((issuer) => tryIssuer(issuer, http)));
  } finally {
    await http.close();
  }
}

async function tryIssuer(settings: IssuerSettings, http: JsonClient): Promise<Finding> {
  const what = `issuers.${settings.name}`;
  const unending = new AbortController().signal;
  const fetched = await fetchKeys(keySourceOf(settings), (url) => http.get(url, unending));
  if (fetched.kind === 'failed') {
    return { what, ok: false, detail: whyNoKeys(fetched, settings.issuer) };
  }
  if (fetched.count === 0) {
    const detail =
      'its key set has no key that the gateway can use: RSA with 2048 bits or more, P-256 or Ed25519, for signatures. Its tokens would be answered with 503. Have the provider publish such a key.';
    return { what, ok: false, detail };
  }
  const keys = fetched.count === 1 ? 'one key' : `${fetched.count} keys`;
  const named =
    settings.jwksUrl === undefined
      ? 'its discovery document names the same issuer, and'
      : 'the issuer itself was not compared, because jwksUrl is set;';
  return { what, ok: true, detail: `${named} its key set has ${keys} that can be used.` };
}

function whyNoKeys({ document, url, why, otherIssuer }: FetchFailure, issuer: string): string {
  if (otherIssuer === undefined) {
    return `the ${document} at ${url} cannot be used: ${why}. Correct the setting, or make sure that this machine reaches the provider.`;
  }
  const other = showIssuer(otherIssuer);
  const difference =
    otherIssuer === `${issuer}/` || `${otherIssuer}/` === issuer
      ? ' The two differ only in the slash at the end, which counts.'
      : '';
  return `the setting is ${issuer}, but the provider calls itself ${other}.${difference} Set issuer to exactly what the provider says.`;
}

/** It comes from another machine, so it is shown only if it looks like one. */
function showIssuer(text: string): string {
  return /^https?:\/\/[\x21-\x7e]{1,200}$/.test(text) ? text : 'something that is not a URL';
}
