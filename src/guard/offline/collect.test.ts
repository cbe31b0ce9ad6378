import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { collect } from './collect.ts';
import { LARGEST_FILE, decode, findFiles, readSources } from './find-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'funade-manifests-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function read(file: string, text: string) {
  return collect({ sources: [{ file, text }], faults: [] });
}

const WEB = 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 2\n';
const LIST = {
  apiVersion: 'v1',
  kind: 'List',
  items: [{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } }],
};

test.each([
  [
    'several documents',
    'a.yaml',
    `---\n${WEB}---\n# nothing\n---\n${WEB}`,
    [2, 11],
    ['Deployment/web', 'Deployment/web'],
  ],
  [
    'a byte order mark and Windows line ends',
    'a.yaml',
    `\uFEFF${WEB.replaceAll('\n', '\r\n')}`,
    [1],
    ['Deployment/web'],
  ],
  ['JSON', 'a.json', JSON.stringify(LIST.items[0]), [1], ['Deployment/web']],
  ['JSON from a pipe', '-', `\n${JSON.stringify(LIST.items[0])}`, [2], ['Deployment/web']],
  [
    'JSON values one after another',
    '-',
    `${JSON.stringify(LIST.items[0])}\n${JSON.stringify(LIST)}`,
    [1, 2],
    ['Deployment/web', 'Deployment/web'],
  ],
  ['a list of kubectl', 'a.json', JSON.stringify(LIST, null, 1), [5], ['Deployment/web']],
  ['a list in a list', 'a.json', JSON.stringify({ ...LIST, items: [LIST] }), [1], ['Deployment/web']],
  [
    'a list of the API, whose items do not say what they are',
    'a.yaml',
    'apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: web}\n',
    [4],
    ['Deployment/web'],
  ],
  [
    'YAML in brackets',
    'a.yaml',
    '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}',
    [1],
    ['Deployment/web'],
  ],
  ['merged keys', 'a.yaml', `x: &x {name: web}\n---\n${WEB}`, [3], ['Deployment/web']],
])('%s are read with their lines', async (...row) => {
  const [, file, text, lines, names] = row;
  const { manifests, faults } = await read(file, text);
  expect(faults).toEqual([]);
  expect(manifests.map(({ line }) => line)).toEqual(lines);
  expect(manifests.map(({ kind, name }) => `${kind}/${name}`)).toEqual(names);
});

test.each([
  ['broken YAML', `${WEB}---\nkind: [\n`, 'syntax', 9],
  ['a template of Helm', 'kind: {{ .Values.kind }}: {{- if }}\n', 'template', 1],
  ['a tab where YAML wants spaces', 'kind: A\nmetadata:\n\tname: web\n', 'syntax', 3],
  ['a key given twice', `${WEB}  replicas: 3\n`, 'duplicateKey', 7],
  ['no kind', 'apiVersion: v1\nmetadata: {name: a}\n', 'noKind', 1],
  ['a text', 'hello\n', 'notAnObject', 1],
  ['no name', 'apiVersion: apps/v1\nkind: Deployment\nspec: {}\n', 'noName', 1],
  ['items that are no list', 'apiVersion: v1\nkind: List\nitems: 3\n', 'badList', 3],
  ['an alias without an anchor', 'apiVersion: v1\nkind: A\nx: *nowhere\n', 'aliases', 3],
])('%s is a fault with its line', async (_, text, code, line) => {
  const { faults } = await read('a.yaml', text);
  expect(faults.map((fault) => [fault.code, fault.line])).toEqual([[code, line]]);
});

test('a faulty document does not hide the ones beside it', async () => {
  const { manifests, faults } = await read('a.yaml', `kind: "A\n---\n${WEB}`);
  expect([manifests.length + faults.length > 0, faults[0]?.code]).toEqual([true, 'syntax']);
  const split = await read('a.yaml', `- 1\n---\n${WEB}`);
  expect([split.manifests.length, split.faults.length]).toEqual([1, 1]);
});

test('broken JSON tells its line', async () => {
  const { faults } = await read('a.json', '{\n "kind": "List",\n "items": [,]\n}');
  expect(faults).toMatchObject([{ code: 'syntax', line: 3, values: { format: 'JSON' } }]);
});

test.each([
  ['aliases that stand for billions', bomb(), 'aliases'],
  ['brackets nested a hundred thousand deep', '['.repeat(100_000), 'tooDeep'],
  ['lists nested a hundred thousand deep', '- '.repeat(100_000), 'tooDeep'],
  ['an object that contains itself', 'a: &a\n  b: *a\n', 'aliases'],
])('%s end quickly', { timeout: 60_000 }, async (_, text, code) => {
  const started = performance.now();
  const { faults } = await read('a.yaml', text);
  expect(faults.map((fault) => fault.code)).toEqual([code]);
  expect(performance.now() - started).toBeLessThan(30_000);
});

function bomb(): string {
  const level = (name: string, of: string) => `${name}: &${name} [${Array.from({ length: 9 }, () => of).join(',')}]\n`;
  const names = 'abcdefghi'.split('');
  return names.map((name, index) => level(name, index === 0 ? 'x' : `*${names[index - 1]}`)).join('');
}

test('settings of other tools are counted, not faults', async () => {
  const { manifests, faults, foreign } = await read('values.yaml', 'replicaCount: 1\nimage: {}\n');
  expect([manifests, faults, foreign]).toEqual([[], [], 1]);
});

test('files that a kustomization names as patches are not read as objects', async () => {
  const kustomization =
    'kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\npatches:\n- path: patch.yaml\n';
  const collected = await collect({
    sources: [
      { file: 'o/kustomization.yaml', text: kustomization },
      { file: 'o/patch.yaml', text: WEB },
      { file: 'o/web.yaml', text: WEB },
    ],
    faults: [],
  });
  expect(collected.manifests.map(({ file }) => file)).toEqual(['o/web.yaml']);
  expect(collected).toMatchObject({ kustomizations: ['o/kustomization.yaml'], patches: ['o/patch.yaml'] });
});

test('a folder is read to its end once, also where links lead back', async () => {
  await mkdir(join(folder, 'sub/node_modules'), { recursive: true });
  for (const name of ['b.yaml', 'a.yml', 'c.json', 'notes.txt', 'sub/d.YAML', 'sub/node_modules/e.yaml']) {
    await writeFile(join(folder, name), '');
  }
  await symlink('..', join(folder, 'sub/up'));
  await symlink('.', join(folder, 'loop'));
  await symlink('nowhere', join(folder, 'dangling'));
  await symlink('../b.yaml', join(folder, 'sub/again.yaml'));
  const { files, faults } = await findFiles('.', folder);
  expect(files.map(({ file }) => file)).toEqual(['a.yml', 'b.yaml', 'c.json', 'sub/d.YAML']);
  expect(faults).toEqual([]);
});

test('what is too large, no text or not there is told with the file', async () => {
  await writeFile(join(folder, 'large.yaml'), Buffer.alloc(LARGEST_FILE + 1, 0x20));
  await writeFile(join(folder, 'binary.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
  const { sources, faults } = await readSources('.', folder);
  expect([sources, faults.map(({ file, code }) => [file, code])]).toEqual([
    [],
    [
      ['binary.yaml', 'notText'],
      ['large.yaml', 'tooLarge'],
    ],
  ]);
  expect((await readSources('missing', folder)).faults).toMatchObject([{ file: 'missing', code: 'unreadable' }]);
  expect(decode('-', Buffer.alloc(LARGEST_FILE + 1))).toMatchObject({ code: 'tooLarge' });
});
