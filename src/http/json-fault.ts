/**
 * Why a body is not JSON in UTF-8, in words for its sender that repeat nothing of the body. Pure.
 *
 * @param error what the decoder or JSON.parse threw at them
 */
export function jsonFault(bytes: Buffer, error: unknown): string {
  if (bytes.every((byte) => WHITE_SPACE.includes(byte))) {
    return 'The body is empty. Send a JSON object.';
  }
  if (bytes.subarray(0, 3).equals(BYTE_ORDER_MARK)) {
    return 'The body begins with a byte order mark. Send it without.';
  }
  if (!(error instanceof SyntaxError)) return 'The body is not valid UTF-8.';
  // V8 quotes the body in some messages, but never after the position.
  const place = / \(line (\d+) column (\d+)\)$/.exec(error.message);
  if (place !== null) {
    return `The body is not valid JSON: the fault is at line ${place[1]}, column ${place[2]}.`;
  }
  return error.message === 'Unexpected end of JSON input'
    ? 'The body is not valid JSON: it ends too early.'
    : 'The body is not valid JSON.';
}

const WHITE_SPACE: readonly number[] = [...Buffer.from(' \t\r\n')];
const BYTE_ORDER_MARK = Buffer.from('\ufeff');
