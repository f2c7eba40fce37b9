import { isObject, retOf, type Outcome } from '../gewe/outcome.ts';

/** The result of trying one thing in the settings. */
export interface Finding {
  /** The names of the settings. */
  readonly what: string;
  readonly ok: boolean;
  /** What was found and, if it is wrong, what to do. Contains no secret. */
  readonly detail: string;
}

const BASE_URL = 'GEWE_BASE_URL';

/**
 * What one harmless call shows about the upstream and the token.
 *
 * @param tokenSetting the variable that the token comes from
 */
export function upstreamFindings(outcome: Outcome, tokenSetting: string): readonly Finding[] {
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
