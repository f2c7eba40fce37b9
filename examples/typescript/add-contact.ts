/**
 * Sends one friend request, and waits where the gateway says that waiting helps. Only what comes with Node.
 *
 *   GATEWAY_KEY=gwk_... npm exec -- node examples/typescript/add-contact.ts APP_ID V3 V4 [GREETING]
 *
 * GATEWAY_URL is where the gateway listens; http://127.0.0.1:8080 unless you say otherwise. MAX_WAIT_SECONDS is how
 * long to wait in all; 120 unless you say otherwise.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

/** The members of an answer that this program looks at: the vendor's, and those of a refusal. */
interface AddAnswer {
  readonly ret: number;
  readonly msg?: string | null;
  readonly code?: string;
  readonly detail?: string;
  /** ISO 8601; there where a refusal ends by itself. */
  readonly retryAt?: string;
}

const { GATEWAY_URL: url = 'http://127.0.0.1:8080', GATEWAY_KEY: key } = process.env;
const maxWaitMs = Number(process.env['MAX_WAIT_SECONDS'] ?? 120) * 1000;
const [appId, v3, v4, content = 'Hello'] = process.argv.slice(2);

if (key === undefined || appId === undefined || v3 === undefined || v4 === undefined) {
  console.error('Usage: GATEWAY_KEY=gwk_... node add-contact.ts APP_ID V3 V4 [GREETING]');
  process.exitCode = 64;
} else {
  process.exitCode = await addContact(
    key,
    JSON.stringify({ appId, scene: 3, option: 2, v3, v4, content }),
  );
}

/** Resolves to the exit code. */
async function addContact(key: string, body: string): Promise<number> {
  // One key for this friend request, however often it has to be sent: the gateway carries it out once.
  const idempotencyKey = randomUUID();
  const giveUpAt = Date.now() + maxWaitMs;
  for (;;) {
    const response = await fetch(`${url}/contacts/addContacts`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${key}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': idempotencyKey,
      },
      body,
      // Above GEWE_TIMEOUT_MS, so that the gateway answers first.
      signal: AbortSignal.timeout(45_000),
    });
    const answer = (await response.json()) as AddAnswer;
    if (answer.code === undefined) {
      console.log(answer.ret === 200 ? 'sent' : `the upstream says: ${answer.ret} ${answer.msg}`);
      return answer.ret === 200 ? 0 : 1;
    }

    const opensAt = retryAtOf(response, answer);
    console.log(`refused: ${answer.code}. ${answer.detail}`);
    if (opensAt === undefined) return 1;
    if (opensAt > giveUpAt) {
      console.log(`It opens at ${new Date(opensAt).toISOString()}; run this again then.`);
      return 1;
    }
    console.log(`waiting until ${new Date(opensAt).toISOString()}`);
    await pause(Math.max(0, opensAt - Date.now()));
  }
}

/**
 * When to send the same request again, milliseconds since the epoch; undefined where that helps nobody. 429 and 409
 * were not carried out, or not a second time; after any other refusal a person should look first.
 */
function retryAtOf(response: Response, { retryAt }: AddAnswer): number | undefined {
  if (retryAt !== undefined) return Date.parse(retryAt);
  const seconds = response.headers.get('Retry-After');
  if (seconds === null || ![409, 429].includes(response.status)) return undefined;
  return Date.now() + Number(seconds) * 1000;
}
