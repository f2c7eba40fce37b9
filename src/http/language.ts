import type { Request, Response } from 'express';
import { scopeOf } from './request-scope.ts';
import { vary } from './send.ts';

/** The languages of the pages. */
export type Language = 'en' | 'zh';

/** The language of this name, as in `?lang=`; undefined for anything else. */
export function languageNamed(name: unknown): Language | undefined {
  return name === 'en' || name === 'zh' ? name : undefined;
}

/** The language that `?lang=` names, or the one that the browser prefers. */
export function languageOf(req: Request, res: Response): Language {
  const named = languageNamed(req.query['lang']);
  if (named !== undefined) return named;
  vary(scopeOf(res).headers, 'Accept-Language');
  return req.acceptsLanguages('en', 'zh') === 'zh' ? 'zh' : 'en';
}
