/**
 * Sends one friend request, and waits if the gateway says that waiting helps. Needs only Node.
 *
 *   GATEWAY_KEY=gwk_... npm exec -- node examples/typescript/add-contact.ts APP_ID V3 V4 [GREETING]
 *
 * GATEWAY_URL is the gateway's address; default: http://127.0.0.1:8080. MAX_WAIT_SECONDS limits the total wait;
 * default: 120.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

/** The members of a response that this program uses: GEWE's own, and those of a refusal. */
interface AddAnswer {
  readonly ret: number;
  readonly msg?: string | null;
  readonly code?: string;
  readonly detail?: string;
  /** ISO 8601; present if the refusal ends at a known time. */
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
  // The same key for every attempt at this friend request: the gateway carries it out only once.
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
      // Longer than GEWE_TIMEOUT_MS, so that the gateway answers first.
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
 * When to send the same request again, in milliseconds since the epoch; undefined if it should not be repeated. After
 * 429 and 409 repeating is safe; after any other refusal a person should look first.
 */
function retryAtOf(response: Response, { retryAt }: AddAnswer): number | undefined {
  if (retryAt !== undefined) return Date.parse(retryAt);
  const seconds = response.headers.get('Retry-After');
  if (seconds === null || ![409, 429].includes(response.status)) return undefined;
  return Date.now() + Number(seconds) * 1000;
}
