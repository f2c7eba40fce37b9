/**
 * Callers that do next to nothing with an answer but count its bytes, in a process of their own: a real client would
 * spend more on a large answer than the server whose speed is asked for. argv: port, callers, requests each. Prints
 * how many answers a second came, and how long one was.
 */
import { connect } from 'node:net';

const [port = 0, callers = 1, requestsEach = 1] = process.argv.slice(2).map(Number);

const REQUEST = Buffer.from(
  'POST / HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
);

/** Asks one after the other on one connection. Resolves to the length of the body. */
function call(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let left = requestsEach;
    let [whole, bodyLength, received] = [0, 0, 0];
    socket.once('error', reject);
    socket.once('connect', () => socket.write(REQUEST));
    socket.on('data', (chunk) => {
      if (whole === 0) {
        // All answers of one server are equally long, so the first head tells of all.
        const end = chunk.indexOf('\r\n\r\n') + 4;
        const head = chunk.subarray(0, end).toString('latin1');
        bodyLength = Number(/^content-length: (\d+)/im.exec(head)?.[1]);
        whole = end + bodyLength;
      }
      received += chunk.length;
      if (received < whole) return;
      if (received > whole) return reject(new Error('An answer is longer than announced'));
      received = 0;
      left -= 1;
      if (left > 0) return socket.write(REQUEST);
      socket.destroy();
      resolve(bodyLength);
    });
  });
}

const startedAt = performance.now();
const lengths = await Promise.all(Array.from({ length: callers }, call));
const perSecond = (callers * requestsEach * 1000) / (performance.now() - startedAt);
process.stdout.write(JSON.stringify({ perSecond, bodyLength: lengths[0] }));
