import { Refusal } from '../errors.ts';

/** What an error of body-parser means to the caller, by its documented `type`; other errors stay what they are. */
export function refusalOfBodyError(error: unknown, limit: number): unknown {
  const { type } = error as { type?: string };
  switch (type) {
    case 'entity.too.large':
      return bodyTooLarge(limit);
    case 'encoding.unsupported':
      return new Refusal('unsupported-media-type', 'Send the body without a Content-Encoding.');
    case 'charset.unsupported':
      return new Refusal('unsupported-media-type', 'Send the body in UTF-8.');
    case 'request.size.invalid':
    case 'request.aborted':
      return new Refusal('invalid-body', 'The body is not as long as announced.');
    case 'entity.parse.failed':
      return new Refusal('invalid-json', 'The body is not valid JSON in UTF-8.');
    default:
      return error;
  }
}

export function bodyTooLarge(limit: number): Refusal {
  return new Refusal('body-too-large', `The body is larger than ${limit} bytes.`);
}
