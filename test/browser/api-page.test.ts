/** The API page at /docs in a real browser. */
import { test } from '@jest/globals';
import { describeInBrowser } from '../support/browser.ts';

describeInBrowser('the API page', () => {
  test.todo('Try it: a call is sent with the key that was typed in, and its answer is shown');
});
