import { describe, expect, it } from 'vitest';
import { reasonFrom, secretsOf } from './reason.ts';

describe('reasonFrom', () => {
  it.each([
    ['a message', { message: 'Not Found' }, 'Not Found'],
    [
      'what GitHub finds wrong with fields',
      { message: 'Validation Failed', errors: [{ field: 'head', code: 'invalid' }, { message: 'No commits' }] },
      'Validation Failed; head invalid; No commits',
    ],
    ['what GitLab finds wrong with fields', { message: { title: ["can't be blank"] } }, "title can't be blank"],
    ['a list of GitLab', { message: ['Another open merge request exists'] }, 'Another open merge request exists'],
    ['an OAuth error', { error: 'invalid_token', error_description: 'Expired' }, 'invalid_token; Expired'],
  ])('reads %s', (_what, body, reason) => {
    expect(reasonFrom(JSON.stringify(body), 'application/json', [])).toBe(reason);
  });

  it('takes nothing from a page, and one line from a text', () => {
    expect(reasonFrom('<html>Log in</html>', 'text/html', [])).toBe('');
    expect(reasonFrom('no\n  route', 'text/plain', [])).toBe('no route');
  });

  it('masks the secrets of the request and everything that looks like a token', () => {
    const secrets = secretsOf(new Headers({ authorization: 'Bearer t0p-secret' }), '{"config":{"secret":"hush-hush"}}');
    const text = 't0p-secret hush-hush ghp_0123456789abcdef glpat-0123456789abcdef github_pat_0123456789abcdef';
    expect(reasonFrom(text, 'text/plain', secrets)).toBe('*** *** *** *** ***');
  });
});
