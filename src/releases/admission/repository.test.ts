import { expect, test } from 'vitest';
import { comesFrom, newProjectOf } from './repository.ts';

const HTTPS = 'https://github.com/octo/mono.git';
const ELSEWHERE = 'https://gitlab.elsewhere.example/octo/mono.git';

interface Given {
  readonly app?: Partial<Parameters<typeof comesFrom>[0]>;
  readonly told?: Partial<Parameters<typeof comesFrom>[1]>;
  readonly id?: string | null;
  readonly name?: string;
  readonly addresses?: readonly string[];
}

function facts({ app, told, id = '7', name = 'Octo/Mono', addresses = [HTTPS] }: Given) {
  return {
    app: { name: 'one', source: HTTPS, repository: 'octo/mono', project_host: null, project_id: null, ...app },
    told: {
      source: 'github',
      forge: 'github',
      host: 'github.com',
      repository: { id, fullName: name, addresses },
      ...told,
    },
  };
}

const teamB = { source: 'team-b', forge: 'gitlab', host: 'gitlab.elsewhere.example' };
const known = { project_host: 'github.com', project_id: '7' };
const folder = { source: '/srv/mono' };

test.each<[string, Given, boolean]>([
  ['the repository of its address', {}, true],
  ['it, where its address is one of SSH', { app: { source: 'git@github.com:octo/mono.git' } }, true],
  ['it, told by another source of the same host', { told: { source: 'acme' } }, true],
  ['another repository of the host', { name: 'octo/other', addresses: [] }, false],
  ['one of its name on another host', { told: teamB, addresses: [ELSEWHERE] }, false],
  ['one on another host that claims its clone address', { told: teamB }, false],
  ['one on another host that claims its id', { told: teamB, app: known, name: 'x/y' }, false],
  ['one on a host that the payload only names', { told: { ...teamB, source: 'gitlab' } }, false],
  ['it under a path that its address has more of', { app: { repository: 'git/octo/mono' } }, true],
  ['it under another name', { app: known, name: 'octo/renamed', addresses: [] }, true],
  [
    'one with its id on another host before',
    { app: { ...known, project_host: 'ghe.example' }, name: 'a/b', addresses: [] },
    false,
  ],
  ['one without an id', { app: { ...known, repository: 'x/y' }, id: null, addresses: [] }, false],
  ['the name of a folder, by the configured source', { app: folder }, true],
  ['the same, on whatever host that source is', { app: folder, told: { host: 'ghe.example' } }, true],
  ['the same by an added source', { app: folder, told: { source: 'acme' } }, false],
  [
    'the id of a folder by an added source',
    { app: { ...folder, ...known }, told: { source: 'acme' }, name: 'a/b' },
    false,
  ],
  ['a payload that names the folder as its address', { app: folder, name: 'a/b', addresses: ['/srv/mono'] }, false],
])('an application and %s', (_, given, isIts) => {
  const { app, told } = facts(given);
  expect(comesFrom(app, told)).toBe(isIts);
});

test.each<[string, Given, string | null]>([
  ['is news when its name fits', {}, '7'],
  ['is not when it is known', { app: known }, null],
  ['is news when another repository has the name', { app: known, id: '8' }, '8'],
  ['is not when only the id fits', { app: known, name: 'octo/renamed', addresses: [] }, null],
  ['is not when there is none', { id: null }, null],
])('the id of a repository %s', (_, given, id) => {
  const { app, told } = facts(given);
  expect(newProjectOf(app, told)).toEqual(id === null ? null : { app: 'one', host: 'github.com', id });
});
