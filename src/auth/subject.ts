/** The longest subject, in characters. */
export const LONGEST_SUBJECT = 256;

/** A subject is logged, and a text that breaks lines could imitate other lines. Half a character has no UTF-8. */
export const SUBJECT = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+$/u;
