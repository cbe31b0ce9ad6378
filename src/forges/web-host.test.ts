import { expect, test } from 'vitest';
import { webHostOf } from './index.ts';

test.each([
  ['GitHub itself', 'github', 'https://api.github.com', 'github.com'],
  ['GitHub with data residency', 'github', 'https://api.octocorp.ghe.com', 'octocorp.ghe.com'],
  ['GitHub Enterprise Server', 'github', 'https://GHE.example.com/api/v3', 'ghe.example.com'],
  ['GitLab itself', 'gitlab', 'https://gitlab.com/api/v4', 'gitlab.com'],
  ['a GitLab with a port and a path', 'gitlab', 'http://gitlab.internal:8080/git/api/v4/', 'gitlab.internal:8080'],
  ['a GitLab that is named like an API', 'gitlab', 'https://api.github.com/api/v4', 'api.github.com'],
] as const)('the host of the pages of %s', (_, kind, apiUrl, host) => {
  expect(webHostOf(kind, apiUrl)).toBe(host);
});
