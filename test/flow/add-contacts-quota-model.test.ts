/** Random histories of an account: the gateway behaves as section 7 of the contract says, and never forwards more. */
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ACCEPT, ADD, DAY_MS, HOUR_MS } from '../support/add-contacts.ts';
import { budget } from '../support/budget.ts';
import { startModelledGateway, type ReceivedAdd } from './quota-model/modelled-gateway.ts';
import { histories, policies, type Command } from './quota-model/histories.ts';
import type { ModelPolicy } from './quota-model/words.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Plays the history of one gateway. Resolves to everything that the upstream received. */
async function live(
  policy: ModelPolicy,
  history: readonly Command[],
  storeUrl: string,
): Promise<readonly ReceivedAdd[]> {
  const gateway = await startModelledGateway(policy, storeUrl);
  try {
    for (const command of history) await gateway.carryOut(command);
    return gateway.received;
  } finally {
    await gateway.stop();
  }
}

/** The windows that hold more than their rule allows. Counted by hand, from nothing but what the upstream received. */
function overfull(policy: ModelPolicy, received: readonly ReceivedAdd[]): string[] {
  const { add, accept } = policy.addContacts;
  const byPerson = (a: ReceivedAdd, b: ReceivedAdd) => a.v3 === b.v3;
  const always = () => true;
  const rules = [
    { option: ADD, windowMs: DAY_MS, same: always, limit: (one: ReceivedAdd) => one.addsPerDay },
    { option: ADD, windowMs: 2 * HOUR_MS, same: always, limit: () => add.perTwoHours },
    { option: ADD, windowMs: add.minimumGapSeconds * 1000, same: always, limit: () => 1 },
    { option: ADD, windowMs: DAY_MS, same: byPerson, limit: () => add.target.perDay },
    { option: ADD, windowMs: add.target.minimumGapSeconds * 1000, same: byPerson, limit: () => 1 },
    { option: ACCEPT, windowMs: DAY_MS, same: always, limit: () => accept.perDay },
  ].filter(({ windowMs }) => windowMs > 0);

  return rules.flatMap(({ option, windowMs, same, limit }, rule) => {
    const ofKind = received.filter((one) => one.option === option);
    return ofKind.flatMap((last, index) => {
      // A window is fullest just after an attempt was added. An attempt after the current time of a clock set back
      // counts, too.
      const inWindow = ofKind
        .slice(0, index + 1)
        .filter((one) => one.appId === last.appId && same(one, last))
        .filter((one) => one.at > last.at - windowMs);
      return inWindow.length > limit(last) ? [`rule ${rule}: ${JSON.stringify(inWindow)}`] : [];
    });
  });
}

test.each(['memory', 'SQLite, over restarts'])(
  'on %s, the gateway agrees with the model of the quotas, and no window exceeds its limit',
  async (store) => {
    const numRuns = budget(20, 100);
    let forwarded = 0;
    await fc.assert(
      fc.asyncProperty(policies, histories(budget(40, 80)), async (policy, history) => {
        const folder = await temporaryFolder();
        const storeUrl = store === 'memory' ? 'memory:' : `sqlite:${join(folder.path, 'it.db')}`;
        const received = await live(policy, history, storeUrl).finally(() => folder.remove());
        expect(overfull(policy, received)).toEqual([]);
        forwarded += received.length;
      }),
      { numRuns },
    );
    // Histories in which everything is refused would prove little.
    expect(forwarded).toBeGreaterThan(numRuns);
  },
  budget(600_000, 3_600_000),
);
