import { answersAddressBook } from '../gewe/operations.ts';
import { REFUSALS, type Refusal } from '../errors.ts';

/** The format of a refusal: for clients that know HTTP, or for clients that were written for GEWE. */
export type RefusalFormat = 'http' | 'gewe';

export interface RenderedRefusal {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

/**
 * One body for both kinds of reader: GEWE's `ret` and `msg`, and the members of RFC 9457.
 *
 * Clients written for GEWE discard the body of any status but 200, so their refusals have status 200, like the
 * errors of GEWE. Two kinds keep their own status, because they must not look like a success: everything from 500 up,
 * and every refusal of a contact list.
 *
 * @param target the operation, or the request's target if it names none
 */
export function renderRefusal(
  refusal: Refusal,
  format: RefusalFormat,
  target: string,
  requestId: string,
): RenderedRefusal {
  const { status, title } = REFUSALS[refusal.code];
  const body = {
    ret: status,
    msg: refusal.msg,
    code: refusal.code,
    type: `urn:gewe-gateway:refusal:${refusal.code}`,
    title,
    status,
    detail: refusal.detail,
    requestId,
    ...refusal.members,
  };
  const asGewe = format === 'gewe' && status < 500 && !answersAddressBook(target);
  return {
    status: asGewe ? 200 : status,
    contentType: format === 'gewe' ? 'application/json' : 'application/problem+json',
    body: Buffer.from(JSON.stringify(body)),
  };
}
