import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Authority,
  type Leaf,
  type SecretVolume,
  createAuthority,
  createSecretVolume,
} from '../../../test/certificates.ts';
import { createLogger, createManualClock, systemClock, type Clock } from '../../kernel/index.ts';
import { type Certificates, createCertificates } from './certificates.ts';

const WITHIN = { timeout: 20_000, interval: 20 };

let authority: Authority;
let volume: SecretVolume;
let first: Leaf;
let second: Leaf;
let certificates: Certificates;
let outcomes: string[];
let lines: Record<string, unknown>[];

beforeAll(async () => {
  authority = await createAuthority();
  first = await authority.issue();
  second = await authority.issue({ names: ['DNS:guard.funade.svc', 'IP:10.0.0.1'] });
});
afterAll(() => authority.remove());
beforeEach(async () => {
  volume = await createSecretVolume();
});
afterEach(async () => {
  certificates.stop();
  await volume.remove();
});

function open({
  directory = volume.directory,
  clock = systemClock,
}: { directory?: string; clock?: Clock } = {}): Certificates {
  outcomes = [];
  lines = [];
  certificates = createCertificates({
    directory,
    clock,
    logger: createLogger('info', { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) }),
    metrics: { reloaded: (outcome) => void outcomes.push(outcome), observe: () => {} },
    pollMs: 300,
  });
  return certificates;
}

function serial(): string | undefined {
  return certificates.current()?.serial;
}

test('a pair is served with its names, serial and times told', async () => {
  await volume.put(second);
  expect(await open().start()).toBe(true);
  const { ok, detail } = certificates.health();
  expect(ok).toBe(true);
  expect(detail).toMatchObject({
    served: true,
    names: ['guard.funade.svc', '10.0.0.1'],
    serial: second.serial,
    expired: false,
    refused: null,
  });
  expect(outcomes).toEqual(['loaded']);
});

test('RSA works as well', async () => {
  const rsa = await authority.issue({ key: 'rsa' });
  await volume.put(rsa);
  expect(await open().start()).toBe(true);
  expect(serial()).toBe(rsa.serial);
});

test('a directory that is not there yet is waited for, without a refusal', async () => {
  const directory = join(volume.directory, 'later');
  expect(await open({ directory }).start()).toBe(false);
  expect(certificates.health()).toMatchObject({ ok: false, detail: { served: false, refused: 'certificate_missing' } });
  await mkdir(directory);
  await writeFile(join(directory, 'tls.crt'), first.cert);
  await writeFile(join(directory, 'tls.key'), first.key);
  await expect.poll(serial, WITHIN).toBe(first.serial);
  expect(outcomes.at(-1)).toBe('loaded');
  expect(lines[0]).toMatchObject({ class: 'certificate', code: 'certificate_missing', outcome: 'waiting' });
});

test('a swap of ..data is seen, and listeners hear of each new pair', async () => {
  await volume.put(first);
  await open().start();
  const heard: unknown[] = [];
  certificates.onChange(() => heard.push(serial()));
  await volume.put(second);
  await expect.poll(serial, WITHIN).toBe(second.serial);
  expect(heard).toEqual([second.serial]);
});

test('a directory that is replaced by another one is followed', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'funade-dir-'));
  const directory = join(parent, 'tls');
  async function fill(leaf: Leaf): Promise<void> {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory);
    await writeFile(join(directory, 'tls.crt'), leaf.cert);
    await writeFile(join(directory, 'tls.key'), leaf.key);
  }
  await fill(first);
  await open({ directory }).start();
  await fill(second);
  await expect.poll(serial, WITHIN).toBe(second.serial);
  await fill(first);
  await expect.poll(serial, WITHIN).toBe(first.serial);
  await rm(parent, { recursive: true });
});

describe('keeps the pair that it has when the new one is of no use', () => {
  const faults: readonly (readonly [string, string, () => { cert: string; key: string }])[] = [
    ['the key is of another certificate', 'certificate_mismatch', () => ({ cert: second.cert, key: first.key })],
    ['the certificate is garbage', 'certificate_garbage', () => ({ cert: 'garbage', key: second.key })],
    ['the certificate is empty', 'certificate_garbage', () => ({ cert: '', key: second.key })],
    ['the key is garbage', 'certificate_garbage', () => ({ cert: second.cert, key: 'garbage' })],
    [
      'the chain is cut',
      'certificate_garbage',
      () => ({ cert: `${second.cert}${broken(authority.cert)}`, key: second.key }),
    ],
    [
      'the certificate is a megabyte of anything',
      'certificate_garbage',
      () => ({ cert: 'x'.repeat(1e6), key: second.key }),
    ],
  ];
  test.each(faults)('%s', async (_name, code, pair) => {
    await volume.put(first);
    await open().start();
    await volume.put(pair());
    await expect.poll(() => outcomes, WITHIN).toEqual(['loaded', 'refused']);
    expect(serial()).toBe(first.serial);
    expect(certificates.health()).toMatchObject({ ok: true, detail: { serial: first.serial, refused: code } });
    const told = lines.find((line) => line['outcome'] === 'refused');
    expect(told).toMatchObject({ level: 'error', class: 'certificate', code, kept: first.serial });
    expect(JSON.stringify(lines)).not.toContain('BEGIN');
    await volume.put(second);
    await expect.poll(serial, WITHIN).toBe(second.serial);
    expect(certificates.health().detail['refused']).toBeNull();
  });

  test('the files are gone', async () => {
    await volume.put(first);
    await open().start();
    await rm(join(volume.directory, 'tls.crt'));
    await expect.poll(() => certificates.health().detail['refused'], WITHIN).toBe('certificate_missing');
    expect(serial()).toBe(first.serial);
    expect(outcomes).toEqual(['loaded', 'refused']);
  });

  test('it has expired while the old one has not', async () => {
    await volume.put(first);
    await open().start();
    await volume.put(await authority.issue({ days: -1 }));
    await expect.poll(() => certificates.health().detail['refused'], WITHIN).toBe('certificate_expired');
    expect(serial()).toBe(first.serial);
  });
});

test('files that are written one after the other end as a pair', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'funade-copy-'));
  await writeFile(join(directory, 'tls.crt'), first.cert);
  await writeFile(join(directory, 'tls.key'), first.key);
  await open({ directory }).start();
  await writeFile(join(directory, 'new.crt'), second.cert);
  await copyFile(join(directory, 'new.crt'), join(directory, 'tls.crt'));
  await writeFile(join(directory, 'tls.key'), second.key);
  await expect.poll(serial, WITHIN).toBe(second.serial);
  certificates.stop();
  await rm(directory, { recursive: true });
});

test('an expired certificate is served when there is no other, and health tells it', async () => {
  const expired = await authority.issue({ days: -1 });
  await volume.put(expired);
  expect(await open().start()).toBe(true);
  expect(serial()).toBe(expired.serial);
  expect(certificates.health()).toMatchObject({ ok: false, detail: { expired: true } });
});

test('a certificate that expires while it is served is told once', async () => {
  const clock = createManualClock(Date.now());
  await volume.put(first);
  await open({ clock }).start();
  expect(certificates.health().ok).toBe(true);
  clock.advance(40 * 86_400_000);
  expect(certificates.health().ok).toBe(false);
  await expect.poll(() => lines.filter((line) => line['code'] === 'certificate_expired').length, WITHIN).toBe(1);
  expect(serial()).toBe(first.serial);
});

function broken(pem: string): string {
  return pem.replace(/^M.{20}/m, 'MAAAAAAAAAAAAAAAAAAAA');
}
