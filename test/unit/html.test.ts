import { describe, expect, test } from '@jest/globals';
import { html } from '../../src/html.ts';

const HOSTILE = `"><script>alert('&')</script>`;
const ESCAPED = '&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;';

describe('html', () => {
  test('escapes a value, in a text and in an attribute', () => {
    expect(html`<p title="${HOSTILE}">${HOSTILE}</p>`.toString()).toBe(
      `<p title="${ESCAPED}">${ESCAPED}</p>`,
    );
  });

  test('leaves HTML as it is, also from a list', () => {
    const items = ['a<b', 2].map((one) => html`<i>${one}</i>`);
    expect(html`<b>${items}</b>`.toString()).toBe('<b><i>a&lt;b</i><i>2</i></b>');
  });

  test('leaves nothing of undefined, false and an empty list', () => {
    expect(html`<p>${undefined}${false}${[]}</p>`.toString()).toBe('<p></p>');
  });

  test('writes 0', () => {
    expect(html`${0}`.toString()).toBe('0');
  });

  test('takes no object for HTML because of its shape', () => {
    const parsed = JSON.parse('{"text":"<b>"}') as never;
    expect(() => html`${parsed}`.toString()).toThrow();
  });
});
