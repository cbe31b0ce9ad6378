import { expect, test } from 'vitest';
import { catalogue } from './errors.catalogue.ts';
import { japanese } from './errors.ja.ts';

const listing = Object.entries(catalogue).filter(([, { message }]) => message.includes('fault(s)'));

test.each(listing)('the fix of %s, told after the faults, does not look for them below', (code, { fix }) => {
  expect(fix).not.toContain('below');
  expect(japanese[code as keyof typeof catalogue].fix).not.toContain('下');
});
