/**
 * Express with the usual packages: helmet, `express.json`, express-rate-limit and http-proxy-middleware. It checks
 * no key and writes no log. argv: port, upstream, token.
 */
import { Agent } from 'node:http';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { createProxyMiddleware, fixRequestBody } from 'http-proxy-middleware';

const [port, target = '', token = ''] = process.argv.slice(2);

const app = express();
app.use(helmet());
app.use(express.json());
app.use(rateLimit({ windowMs: 60_000, limit: 1e9, standardHeaders: 'draft-8' }));
app.use(
  createProxyMiddleware({
    target,
    pathFilter: '/contacts',
    headers: { 'x-gewe-token': token },
    agent: new Agent({ keepAlive: true, maxSockets: 256 }),
    on: { proxyReq: fixRequestBody },
  }),
);
app.listen(Number(port), '127.0.0.1');
