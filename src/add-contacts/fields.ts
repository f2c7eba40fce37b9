import { z } from 'zod';

/** Printable ASCII, like every v3 that we have seen. With an extra invisible character, one person would count as two. */
export const TARGET = /^[!-~]{1,4096}$/;

/**
 * The fields of addContacts that decide, as the API page documents them; `readAddRequest` checks them by hand, because it
 * also looks at how a number is written and words what is wrong. For accepting and rejecting it takes any `v3`.
 */
export const option = z
  .literal([2, 3, 4, '2', '3', '4'])
  .describe(
    'What to do: 2 sends a friend request, 3 accepts one, 4 rejects one. The gateway also takes the digit as a string. Written plainly: not 2.0 or 2e0.',
  );

export const v3 = z
  .string()
  .regex(TARGET)
  .describe(
    'The person, from search or from a callback. The gateway counts friend requests per v3.',
  );
