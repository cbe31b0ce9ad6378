import { expect, test } from 'vitest';
import { maskedSource } from './masked-source.ts';

test.each([
  ['a literal secret', 'github:\n  token: ghp_hunter2', 'github:\n  token: ***'],
  ['a list of secrets', 'github:\n  secrets: [hunter2]', 'github:\n  secrets: ***'],
  [
    'its items',
    'github:\n  secrets:\n    - label: now\n      value: hunter2',
    'github:\n  secrets:\n    - ***\n      value: ***',
  ],
  ['a misspelt option', 'github:\n  tokne: hunter2', 'github:\n  tokne: ***'],
  ['a section in one line', 'github: { token: hunter2, apiUrl: x }', 'github: ***'],
  ['a known name in another section', 'x-mine:\n  port: hunter2', 'x-mine:\n  port: ***'],
  [
    'a longer text',
    'github:\n  app:\n    privateKey: |\n      -----BEGIN\n      hunter2',
    'github:\n  app:\n    privateKey: ***\n      ***\n      ***',
  ],
  ['a comment', '# the old one was hunter2\nport: 80 # hunter2', '***\nport: 80'],
  ['the password of a database', 'databaseUrl: postgres://me:hunter2@db/x', 'databaseUrl: ***'],
  [
    'a password in an address',
    'github:\n  apiUrl: https://me:hunter2@host/api',
    'github:\n  apiUrl: https://***@host/api',
  ],
  [
    'one with the signs of an address in it',
    'gitlab:\n  apiUrl: "https://me:a/b@hunter2@host/api"',
    'gitlab:\n  apiUrl: "https://***@host/api"',
  ],
  ['one without a scheme', 'webhook:\n  url: me:hunter2@host', 'webhook:\n  url: ***@host'],
  [
    'a token behind an address',
    'github:\n  apiUrl: "https://host/api?token=hunter2"',
    'github:\n  apiUrl: "https://host/api?***"',
  ],
  ['no YAML', ': hunter2 {', '***'],
])('%s is masked', (_, source, shown) => {
  expect(maskedSource(source)).toBe(shown);
});

test('what is known to be harmless stays, references by their names too', () => {
  const source =
    'port: eighty\n\ngithub:\n  token: ${GITHUB_TOKEN}\nagent:\n  budget:\n    steps: many\n  runner: builtn';
  expect(maskedSource(source)).toBe(source);
});
