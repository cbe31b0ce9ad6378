import { expect, test } from 'vitest';
import { isOnHost, remoteOf } from './remote.ts';

test.each([
  ['https://github.com/Octo/Mono.git', 'github.com', 'Octo/Mono'],
  ['https://mona:token@GitHub.com/octo/mono/', 'github.com', 'octo/mono'],
  ['http://git.example.com:8080/gitlab/group/app', 'git.example.com:8080', 'gitlab/group/app'],
  ['https://git.example.com:443/octo/mono', 'git.example.com', 'octo/mono'],
  ['git://git.example.com/octo/mono.git', 'git.example.com', 'octo/mono'],
  ['git@github.com:octo/mono.git', 'github.com', 'octo/mono'],
  ['git.example.com:/octo/mono', 'git.example.com', 'octo/mono'],
  ['ssh://git@Git.Example.com:2222/octo/mono.git', 'git.example.com', 'octo/mono'],
  ['ssh://git@ssh.github.com:443/octo/mono.git', 'github.com', 'octo/mono'],
  ['git@altssh.gitlab.com:group/app', 'gitlab.com', 'group/app'],
])('%s leads to a host', (address, host, path) => {
  expect(remoteOf(address)).toMatchObject({ host, path });
});

test.each(['/srv/octo/mono', 'file:///srv/octo/mono.git', './mono', 'octo/mono', ''])('%s leads nowhere', (address) => {
  expect(remoteOf(address)).toBeUndefined();
});

test.each([
  ['https://git.example.com:8443/a/b', 'git.example.com:8443', true],
  ['https://git.example.com/a/b', 'git.example.com:8443', false],
  ['ssh://git@git.example.com:2222/a/b', 'git.example.com:8443', true],
  ['git@git.example.com:a/b', 'git.example.com', true],
  ['git@git.example.com:a/b', 'git.example.org', false],
  ['https://github.com.example.org/a/b', 'github.com', false],
] as const)('%s is on %s: %s', (address, host, isThere) => {
  const remote = remoteOf(address);
  expect(remote !== undefined && isOnHost(remote, host)).toBe(isThere);
});
