/** The sign-in page: readable and usable without a script. Pure. */
import { html } from '../../html.ts';
import type { Language } from '../../http/language.ts';
import { LONGEST_NAME } from './shown.ts';

/** Why somebody sees the page again, if they do. */
export type Trouble =
  { readonly kind: 'wrong' } | { readonly kind: 'locked'; readonly seconds: number };

interface SignInPage {
  readonly language: Language;
  /** The query of the page's own address without the language, such as `to=accounts%2Fwx_1`; may be empty. */
  readonly query: string;
  readonly trouble: Trouble | undefined;
  /**
   * Whether the browser may have a cookie that it did not send, because another site led here (`SameSite=Strict`). Then
   * the page calls itself once, and the cookie comes.
   */
  readonly callsAgain: boolean;
}

/** Its addresses are relative, so that a proxy may put a path before them. */
export function renderSignIn({ language, query, trouble, callsAgain }: SignInPage): string {
  const words = WORDS[language];
  const other = language === 'zh' ? 'en' : 'zh';
  const at = (lang: Language) => `sign-in?lang=${lang}${query === '' ? '' : `&${query}`}`;
  return html`<!doctype html>
    <html lang="${words.lang}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        ${callsAgain && html`<meta http-equiv="refresh" content="0; url=${at(language)}" />`}
        <title>${words.title} · gewe-gateway</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="ops.css" />
      </head>
      <body class="sign-in">
        <main>
          <h1>${words.title}</h1>
          ${trouble && html`<p role="alert">${sentenceOf(trouble, language)}</p>`}
          <form method="post" action="${at(language)}">
            <p>
              <label for="token">${words.token}</label>
              <input
                id="token"
                name="token"
                type="password"
                autocomplete="current-password"
                required
                autofocus
              />
            </p>
            <p>
              <label for="name">${words.name}</label>
              <input id="name" name="name" autocomplete="nickname" maxlength="${LONGEST_NAME}" />
            </p>
            <p><button type="submit">${words.submit}</button></p>
          </form>
          <p>
            <a href="${at(other)}" hreflang="${other}" lang="${WORDS[other].lang}"
              >${WORDS[other].self}</a
            >
          </p>
        </main>
      </body>
    </html> `.toString();
}

function sentenceOf(trouble: Trouble, language: Language): string {
  const words = WORDS[language];
  return trouble.kind === 'wrong' ? words.wrong : words.locked(trouble.seconds);
}

const EN = {
  lang: 'en',
  self: 'English',
  title: 'Sign in',
  token: 'Token (the value of OPS_TOKEN)',
  name: 'Your name, shown in the journal (optional)',
  submit: 'Sign in',
  wrong: 'This sign-in is not accepted. Check the token.',
  locked: (seconds: number) => `Too many wrong sign-ins. Try again in ${seconds} s.`,
};

const ZH: typeof EN = {
  lang: 'zh-CN',
  self: '中文',
  title: '登录',
  token: '令牌（OPS_TOKEN 的值）',
  name: '您的姓名，会显示在操作记录中（选填）',
  submit: '登录',
  wrong: '登录失败，请检查令牌。',
  locked: (seconds) => `登录失败次数过多，请在 ${seconds} 秒后重试。`,
};

const WORDS: Readonly<Record<Language, typeof EN>> = { en: EN, zh: ZH };
