import { describe, expect, test } from '@jest/globals';
import { mediaTypeFault } from '../../../src/http/body.ts';

const SECRET = 'k-5c8e2a7d9b1f';
const faultOf = (type: string | undefined, encoding?: string) =>
  mediaTypeFault(type, encoding, (text) => !text.includes(SECRET));

describe('mediaTypeFault', () => {
  test.each([
    [undefined, 'The request has no Content-Type.'],
    ['', 'The request has no Content-Type.'],
    ['text/plain', 'The Content-Type is text/plain.'],
    ['Text/HTML; charset=utf-8', 'The Content-Type is Text/HTML.'],
    ['application/json-patch+json', 'The Content-Type is application/json-patch+json.'],
    ['application/x-www-form-urlencoded', 'curl -d sends a form'],
    ['multipart/form-data; boundary=x', 'The Content-Type is multipart/form-data.'],
    ['application/json; charset=gbk', 'charset of the Content-Type is gbk.'],
    ['application/json;charset="utf-16"', 'charset of the Content-Type is utf-16.'],
    ['json', 'The Content-Type is not application/json.'],
    ['text/plain, application/json', 'The Content-Type is not application/json.'],
    [`text/${'x'.repeat(61)}`, 'The Content-Type is not application/json.'],
    ['text/pl<b>in', 'The Content-Type is not application/json.'],
    [`application/json; charset=${'x'.repeat(31)}`, 'charset of the Content-Type is not UTF-8.'],
  ])('reports the Content-Type %j as received', (type, words) => {
    expect(faultOf(type)).toContain(words);
  });

  test.each([
    ['gzip', 'The body has the Content-Encoding gzip.'],
    ['BR', 'The body has the Content-Encoding BR.'],
    ['gzip, identity', 'The body has the Content-Encoding gzip.'],
    ['utf-8,deflate', 'The body has the Content-Encoding deflate.'],
    ['x y', 'The body has a Content-Encoding.'],
    ['utf_8', 'The body has the Content-Encoding utf_8.'],
  ])('reports the Content-Encoding %j as received', (encoding, words) => {
    expect(faultOf('application/json', encoding)).toContain(words);
  });

  test.each([
    undefined,
    '',
    ' ',
    'identity',
    'Identity',
    'utf-8',
    'UTF8',
    'gbk',
    'identity, utf-8,',
  ])('accepts the Content-Encoding %j, which changes nothing', (encoding) => {
    expect(faultOf('application/json; charset=utf-8', encoding)).toBeUndefined();
  });

  test.each([
    [`text/${SECRET}`, undefined],
    [`text/plain; key=${SECRET}`, undefined],
    [`application/json; charset=${SECRET}`, undefined],
    ['application/json', SECRET],
    ['application/json', `gzip, ${SECRET}`],
  ])('does not repeat %j and %j, which contain a secret', (type, encoding) => {
    const fault = faultOf(type, encoding);

    expect(fault).toMatch(/is not application\/json|is not UTF-8|has a Content-Encoding/);
    expect(fault).not.toContain(SECRET);
  });
});
