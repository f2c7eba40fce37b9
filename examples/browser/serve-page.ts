/** Serves the page: its TypeScript without the types, under a strict Content-Security-Policy. */
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import express, { Router } from 'express';
import helmet from 'helmet';

const PAGE = fileURLToPath(new URL('page/', import.meta.url));
const SCRIPTS = ['page', 'add-form', 'list-view', 'status-view', 'gateway', 'words', 'dom'];

/** @param gatewayUrl the only other origin that the page may call */
export function servePage(gatewayUrl: string): Router {
  const router = Router();
  const contentSecurityPolicy = { useDefaults: false, directives: policy(gatewayUrl) };
  router.use(helmet({ contentSecurityPolicy, strictTransportSecurity: false }));
  for (const name of SCRIPTS) {
    router.get(`/${name}.ts`, async (_req, res) => {
      const source = await readFile(`${PAGE}${name}.ts`, 'utf8');
      res.type('text/javascript').send(stripTypeScriptTypes(source));
    });
  }
  router.use(express.static(PAGE));
  return router;
}

function policy(gatewayUrl: string) {
  return {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'", new URL(gatewayUrl).origin],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
    requireTrustedTypesFor: ["'script'"],
  };
}
