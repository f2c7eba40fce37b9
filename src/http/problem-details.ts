import { answersAddressBook } from '../gewe/operations.ts';
import { REFUSALS, type Refusal } from '../errors.ts';

/** How a refusal looks: to a client that knows HTTP, or to one that was written for the vendor. */
export type Face = 'http' | 'gewe';

export interface RenderedRefusal {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

/**
 * One body for both kinds of reader: the vendor's `ret` and `msg`, and the members of RFC 9457.
 *
 * Clients of the vendor lose the body of any status but 200, so they get the vendor's own form, with two exceptions
 * that must not look like an answer: a failed upstream, and an address book that was not read.
 *
 * @param target the operation, or the address as it came where it names none
 */
export function renderRefusal(
  refusal: Refusal,
  face: Face,
  target: string,
  requestId: string,
): RenderedRefusal {
  const { status, title, msg } = REFUSALS[refusal.code];
  const body = {
    ret: status,
    msg,
    code: refusal.code,
    type: `urn:gewe-gateway:refusal:${refusal.code}`,
    title,
    status,
    detail: refusal.detail,
    requestId,
    ...refusal.members,
  };
  const asVendor = face === 'gewe' && status < 500 && !answersAddressBook(target);
  return {
    status: asVendor ? 200 : status,
    contentType: face === 'gewe' ? 'application/json' : 'application/problem+json',
    body: Buffer.from(JSON.stringify(body)),
  };
}
