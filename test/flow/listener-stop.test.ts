import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { createListener } from '../../src/listener/listener.ts';

const post = (path: string, more = '') =>
  `POST ${path} HTTP/1.1\r\nHost: gateway.test\r\n${more}Content-Length: 2\r\n\r\n{}`;

test.each([
  ['Upgrade', post('/b', 'Connection: Upgrade\r\nUpgrade: h2c\r\n')],
  ['CONNECT', 'CONNECT gateway.test:80 HTTP/1.1\r\nHost: gateway.test\r\n\r\n'],
  ['garbage', 'no HTTP at all\r\n\r\n'],
])(
  'while a listener closes its port, requests pipelined after %s get only their own responses',
  async (_, second) => {
    const served: string[] = [];
    const listener = createListener(
      (req, res) => {
        served.push(req.url ?? '');
        req.resume();
        // The first request is still running when the port is closed.
        if (req.url === '/a') setTimeout(() => res.end(req.url), 50);
        else res.end(req.url);
      },
      () => undefined,
    );
    const { port } = new URL(await listener.listen(0, '127.0.0.1'));
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    const answers = text(socket);
    socket.write(post('/a') + second + post('/c'));
    await Promise.race([listener.drain(0), answers]);
    listener.end();

    const bodies = (await answers).split(/HTTP\/1\.1 \d{3} /).slice(1);
    const answered = bodies.flatMap((answer) => /\r\n\r\n(\/\w+)$/.exec(answer)?.[1] ?? []);
    // Every request that was carried out is answered, in order; the others get an error or a closed connection.
    expect(answered).toEqual(served);
    expect(bodies.length).toBeLessThanOrEqual(served.length + 1);
  },
);
