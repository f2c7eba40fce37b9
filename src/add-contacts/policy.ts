/** The policy of addContacts. Its defaults are the vendor's advice; durations are milliseconds. */
export interface AddContactsPolicy {
  readonly accountAge: {
    readonly minimumMs: number;
    readonly mode: 'block' | 'warn' | 'off';
    /** How to treat an account that was not declared: start its clock now, or trust that it is old enough. */
    readonly unknown: 'start-now' | 'trust';
  };
  readonly add: {
    /** By the account's age; the first step starts at 0, the rest ascend. */
    readonly perDay: readonly { readonly fromAgeMs: number; readonly limit: number }[];
    readonly perTwoHours: number;
    /** 0 for none. */
    readonly minimumGapMs: number;
    readonly target: { readonly perDay: number; readonly minimumGapMs: number };
  };
  readonly accept: { readonly perDay: number; readonly warnUnderMs: number };
}
