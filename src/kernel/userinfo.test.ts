import { expect, test } from 'vitest';
import { hideUserinfo } from './userinfo.ts';

test.each([
  ['http://mona:pw@ghe.example/api', 'http://***@ghe.example/api'],
  [
    'can not ask HTTPS://t0ken@a.example: and http://b:c@d@e.example?x=1',
    'can not ask HTTPS://***@a.example: and http://***@e.example?x=1',
  ],
  ['https://ghe.example/@mona/x', 'https://ghe.example/@mona/x'],
  ['mona@example.com', 'mona@example.com'],
])('%s is shown as %s', (text, shown) => {
  expect(hideUserinfo(text)).toBe(shown);
  expect(hideUserinfo(text, '')).toBe(shown.replaceAll('***@', ''));
});
