/** An Express with http-proxy-middleware and nothing else. argv: port, upstream, token. */
import { Agent } from 'node:http';
import express from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';

const [port, target = '', token = ''] = process.argv.slice(2);

const app = express();
app.use(
  createProxyMiddleware({
    target,
    pathFilter: '/contacts',
    headers: { 'x-gewe-token': token },
    agent: new Agent({ keepAlive: true, maxSockets: 256 }),
  }),
);
app.listen(Number(port), '127.0.0.1');
