import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadGuardConfig, readDirectoryIfThere } from '../index.ts';
import { MOUNTED, load, told } from './testing.ts';

test('a mounted value loses one line end, and lists are separated by commas', () => {
  const mounted = {
    mode: 'seed\r\n',
    'cluster.kubeconfig': '/a path\n\n',
    skipNamespaces: 'monitoring, cert-manager\n',
    GUARD_BYPASS_GROUPS: 'platform-team,system:masters',
    'policies.duplicateHpa': 'warn',
  };
  expect(load({ directories: { [MOUNTED]: mounted } })).toMatchObject({
    rules: { mode: 'seed', policies: { duplicateHpa: 'warn' } },
    cluster: { kubeconfig: '/a path\n' },
    skipNamespaces: ['monitoring', 'cert-manager'],
    bypassGroups: ['platform-team', 'system:masters'],
  });
});

test('what the kubelet keeps beside the values is no setting', () => {
  const mounted = { '..data': 'x', '..2024_01_01_00_00_00.1': 'x', '.hidden': 'x', mode: 'seed' };
  expect(load({ directories: { [MOUNTED]: mounted } }).rules.mode).toBe('seed');
});

test('two names of one setting may not differ', () => {
  expect(told({ directories: { [MOUNTED]: { mode: 'seed', GUARD_MODE: 'strict' } } })).toEqual([
    `${MOUNTED}/mode and ${MOUNTED}/GUARD_MODE mean the same and differ.`,
  ]);
  expect(told({ directories: { [MOUNTED]: { mode: 'seed', GUARD_MODE: 'seed\n' } } })).toEqual([]);
});

test('an empty value, and where the settings are, can not be mounted', () => {
  expect(told({ directories: { [MOUNTED]: { mode: '\n', config: 'x.yaml' } } })).toEqual([
    expect.stringContaining(`${MOUNTED}/config`),
    `${MOUNTED}/mode is set but empty.`,
  ]);
});

test('a directory that can not be read is told, not skipped', () => {
  const loaded = loadGuardConfig({
    flags: {},
    env: {},
    readFile: () => undefined,
    readDirectory: () => {
      throw new Error('EACCES: permission denied');
    },
  });
  expect(!loaded.ok && loaded.error[0]?.message).toBe(`Can't read ${MOUNTED}: EACCES: permission denied.`);
});

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'guard-config-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('a real mount is read through its links, also after the kubelet swapped them', () => {
  const put = (version: string, mode: string): void => {
    mkdirSync(join(root, version));
    writeFileSync(join(root, version, 'mode'), `${mode}\n`);
    symlinkSync(version, join(root, '..data_tmp'));
    renameSync(join(root, '..data_tmp'), join(root, '..data'));
  };
  put('..first', 'seed');
  symlinkSync('..data/mode', join(root, 'mode'));
  mkdirSync(join(root, 'lost+found'));
  expect(readDirectoryIfThere(root)).toEqual(new Map([['mode', 'seed\n']]));
  put('..second', 'strict');
  const loaded = loadGuardConfig({
    flags: {},
    env: { GUARD_CONFIG_DIR: root },
    readFile: () => undefined,
    readDirectory: readDirectoryIfThere,
  });
  expect(loaded).toMatchObject({ value: { rules: { mode: 'strict' } } });
});

test('no directory is none, and what is no directory or too large is an error', () => {
  expect(readDirectoryIfThere(join(root, 'gone'))).toBeUndefined();
  writeFileSync(join(root, 'large'), 'x'.repeat(1024 ** 2 + 1));
  expect(() => readDirectoryIfThere(root)).toThrow('large');
  expect(() => readDirectoryIfThere(join(root, 'large'))).toThrow('ENOTDIR');
});
