import type { RedisError } from './redis-error.ts';

/** What is heard of a server. */
export interface ServerEvents {
  onAway(why: Error): void;
  onBack(): void;
}

/** How a server stands: it cannot be asked, or it answers and refuses, or all is well. */
export interface Outage {
  /** It cannot be asked. */
  away(why: RedisError): void;
  /** It answers, and takes no writes. */
  refuses(why: RedisError): void;
  /** It answers; whether it takes writes stays as it was. */
  answers(): void;
  takesWrites(): void;
  /** Why it cannot be asked; undefined while it answers. */
  whyAway(): string | undefined;
  /** Whether it took no writes when it was last heard of. */
  isRefusing(): boolean;
}

/** Tells of an outage once when it begins and once when it is over, from whatever to whatever it changes meanwhile. */
export function createOutage({ onAway, onBack }: ServerEvents): Outage {
  let away: string | undefined = 'it is not connected yet';
  let refusing = false;
  let told = false;

  function begin(why: RedisError): void {
    // That a connection closed says less than what had gone wrong before.
    if (!told) onAway(why);
    told = true;
  }

  function endIfWell(): void {
    if (away !== undefined || refusing) return;
    if (told) onBack();
    told = false;
  }

  return {
    away(why) {
      away = why.problem;
      begin(why);
    },
    refuses(why) {
      refusing = true;
      begin(why);
    },
    answers() {
      away = undefined;
      endIfWell();
    },
    takesWrites() {
      refusing = false;
      endIfWell();
    },
    whyAway: () => away,
    isRefusing: () => refusing,
  };
}
