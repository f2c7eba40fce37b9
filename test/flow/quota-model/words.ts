/** The types shared by the model of section 7 of the contract and the test of the gateway. */

/** The types of the policy file. */
export interface ModelPolicy {
  readonly addContacts: {
    readonly accountAge: {
      readonly minimumHours: number;
      readonly mode: 'block' | 'warn' | 'off';
      readonly unknown: 'start-now' | 'trust';
    };
    readonly add: {
      readonly perDay: readonly { readonly fromDay: number; readonly limit: number }[];
      readonly perTwoHours: number;
      readonly minimumGapSeconds: number;
      readonly target: { readonly perDay: number; readonly minimumGapSeconds: number };
    };
    readonly accept: { readonly perDay: number };
  };
  readonly accounts: Readonly<Record<string, { readonly onlineSince: string }>>;
}

export interface Ask {
  readonly kind: 'add' | 'accept' | 'reject';
  readonly appId: string;
  readonly person: string;
  /** The Idempotency-Key, if any. */
  readonly key: string | undefined;
}

/** What the caller and the upstream observe of one addContacts. */
export interface Seen {
  readonly status: number;
  readonly ret: number;
  readonly code?: string | undefined;
  readonly retryAt?: string | undefined;
  readonly retryAfter?: string | undefined;
  readonly onlineSince?: string | null | undefined;
  readonly isReplay: boolean;
  /** How many times it reached the upstream. */
  readonly forwarded: number;
  /** RateLimit-Policy and RateLimit, without the client's own rate. */
  readonly quotas: readonly { name: string; q: number; w: number; r: number; t: number }[];
}
