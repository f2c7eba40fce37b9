/** Made-up lists of 5,000 friends: no two are alike, and they compress no better than real ones. */
import { seededRandom } from '../../test/support/seeded-random.ts';

const FRIENDS = 5000;
const CHATROOMS = 40;
const GHS = 30;
/** Prime, so that any step through them meets each of them once. */
const PEOPLE = 199_999;

const random = seededRandom(1);
const people = Array.from({ length: PEOPLE }, () => JSON.stringify(madeUpPerson()));

export function appIdOf(account: number): string {
  return `wx_bench_${account}`;
}

/** The answer to fetchContactsList of one account, the same bytes each time. */
export function addressBook(account: number): Buffer {
  const choose = seededRandom(account);
  const step = 1 + choose(PEOPLE - 1);
  let at = choose(PEOPLE);
  const friends = Array.from({ length: FRIENDS }, () => people[(at = (at + step) % PEOPLE)]);
  const chatrooms = Array.from({ length: CHATROOMS }, () => `"${1e10 + choose(2e9)}@chatroom"`);
  const ghs = Array.from({ length: GHS }, () => `"gh_${letters(choose, 8)}${choose(1e4)}"`);
  return Buffer.from(
    `{"ret":200,"msg":"操作成功","data":{"friends":[${friends.join()}],"chatrooms":[${chatrooms.join()}],"ghs":[${ghs.join()}]}}`,
  );
}

/** In the proportions of GEWE's sample: ids made by the system, older ones, and names that people chose. */
function madeUpPerson(): string {
  const kind = random(100);
  if (kind < 90) return `wxid_${letters(random, 12)}${['12', '21', '22'][random(3)]}`;
  if (kind < 95) return `wxid_${1e6 + random(9e6)}${1e5 + random(9e5)}`;
  return `${letters(random, 6 + random(7))}_${random(1e6)}`;
}

function letters(choose: (below: number) => number, count: number): string {
  return Array.from({ length: count }, () => choose(36).toString(36)).join('');
}
