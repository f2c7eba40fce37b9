import { parsePolicy } from '../../src/settings/policy.ts';

const parsed = parsePolicy('', 'policy', 0);
if ('problems' in parsed) throw new Error('The empty policy is the default one');

/** The policy of addContacts as it is by default. */
export const defaultPolicy = parsed.policy.addContacts;
