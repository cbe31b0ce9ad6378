import { describe, expect, it } from 'vitest';
import { closesIssue } from './closing.ts';

describe('closesIssue', () => {
  it.each([
    'Closes #7',
    'closes: #7.',
    'It fixed octo/greeter#7, at last',
    'RESOLVES https://github.com/octo/greeter/issues/7',
    'Fix\n#7',
  ])('%j closes issue 7', (body) => {
    expect(closesIssue(body, 'octo/greeter', 7)).toBe(true);
  });

  it.each([
    'Closes #70',
    'See #7',
    'Closes other/greeter#7',
    'Closes https://github.com/octo/greeter/issues/71',
    'encloses #7',
    '`closes #7`',
    '```\ncloses #7\n```',
    '<!-- closes #7 -->',
  ])('%j does not', (body) => {
    expect(closesIssue(body, 'octo/greeter', 7)).toBe(false);
  });
});
