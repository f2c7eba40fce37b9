import type { Request, Response } from 'express';
import { scopeOf } from './request-scope.ts';
import { vary } from './send.ts';

/** The languages of the pages. */
export type Language = 'en' | 'zh';

/** The language that `?lang=` names, or the one that the browser prefers. */
export function languageOf(req: Request, res: Response): Language {
  const { lang } = req.query;
  if (lang === 'en' || lang === 'zh') return lang;
  vary(scopeOf(res).headers, 'Accept-Language');
  return req.acceptsLanguages('en', 'zh') === 'zh' ? 'zh' : 'en';
}
