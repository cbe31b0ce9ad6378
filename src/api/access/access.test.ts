import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { createManualClock, silentLogger } from '../../kernel/index.ts';
import { readEvents } from '../../store/index.ts';
import { type Access, atLeast, createAccess } from './index.ts';

let database: TestDatabase;
let folder: string;
const clock = createManualClock();
let access: Access;

beforeEach(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'funade-access-'));
  access = createAccess({ db: database.db, clock, logger: silentLogger });
});

afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function ownerToken(): Promise<string> {
  const { path } = await access.ensureOwnerToken(folder);
  return (await readFile(path, 'utf8')).trim();
}

test('the first start writes an owner token that only its user may read, the second keeps it', async () => {
  const first = await access.ensureOwnerToken(folder);
  const token = await ownerToken();
  expect(first).toEqual({ path: join(folder, 'owner-token'), created: true });
  expect((await stat(first.path)).mode & 0o777).toBe(0o600);
  expect(token).toMatch(/^fun_[\w-]{43}$/);
  expect(await access.ensureOwnerToken(folder)).toEqual({ ...first, created: false });
  expect(await access.authenticate(token)).toMatchObject({ user: 'owner', role: 'owner' });
  expect(await access.listTokens()).toHaveLength(1);
});

test('an owner token that the database does not know is registered again', async () => {
  const token = await ownerToken();
  await sql`delete from tokens`.execute(database.db);
  await access.ensureOwnerToken(folder);
  expect(await access.authenticate(token)).toMatchObject({ role: 'owner' });
});

test('an owner token file that others may read is closed to them', async () => {
  await ownerToken();
  await chmod(join(folder, 'owner-token'), 0o644);
  await access.ensureOwnerToken(folder);
  expect((await stat(join(folder, 'owner-token'))).mode & 0o777).toBe(0o600);
});

test('an owner token file with something else inside stops the start and is left alone', async () => {
  await writeFile(join(folder, 'owner-token'), 'hunter2');
  await expect(access.ensureOwnerToken(folder)).rejects.toMatchObject({ code: 'FUN_SETTING_INVALID' });
  expect(await readFile(join(folder, 'owner-token'), 'utf8')).toBe('hunter2');
});

test('no secret is in the database', async () => {
  const { token } = await access.createToken({ name: 'mika', role: 'approver', by: 'owner' });
  const identity = await access.authenticate(token);
  const session = await access.openSession(identity!);
  const { rows } = await sql<{ row: string }>`
    select t::text as row from tokens t union all select s::text from sessions s union all select e::text from events e
  `.execute(database.db);
  const dump = rows.map(({ row }) => row).join('\n');
  expect(dump).toContain('mika');
  expect(dump).not.toContain(token.slice(4));
  expect(dump).not.toContain(session.secret);
});

test('a token stands for its user and role; anything else stands for nobody', async () => {
  const { token, id } = await access.createToken({ name: 'mika', role: 'approver', by: 'owner' });
  expect(await access.authenticate(token)).toEqual({ user: 'mika', role: 'approver', tokenId: id, scopes: null });
  expect(await access.authenticate(`${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`)).toBeNull();
  expect(await access.authenticate('')).toBeNull();
  expect(await access.authenticate('x'.repeat(100_000))).toBeNull();
});

test('a second token of a user may not change the role while another is valid, and may afterwards', async () => {
  const first = await access.createToken({ name: 'mika', role: 'viewer', by: 'owner' });
  const second = await access.createToken({ name: 'mika', role: 'viewer', by: 'owner' });
  const attempt = access.createToken({ name: 'mika', role: 'approver', by: 'owner' });
  await expect(attempt).rejects.toMatchObject({ code: 'FUN_ROLE_CONFLICT', values: { present: 'viewer' } });
  await access.revokeToken(first.id, 'owner');
  await access.revokeToken(second.id, 'owner');
  await access.createToken({ name: 'mika', role: 'approver', by: 'owner' });
  expect(await access.roleOf('mika')).toBe('approver');
});

test.each([
  { name: 'automation', role: 'viewer' },
  { name: 'approver', role: 'viewer' },
  { name: 'owner', role: 'deployer' },
] as const)('a user can not be called $name with role $role', async ({ name, role }) => {
  const attempt = access.createToken({ name, role, by: 'owner' });
  await expect(attempt).rejects.toMatchObject({ code: 'FUN_BAD_REQUEST' });
});

test('a revoked token is refused at once by the process that revoked it and within 5 s by every other', async () => {
  const other = createAccess({ db: database.db, clock, logger: silentLogger });
  const { token, id } = await access.createToken({ name: 'mika', role: 'viewer', by: 'owner' });
  expect(await access.authenticate(token)).not.toBeNull();
  expect(await other.authenticate(token)).not.toBeNull();
  await access.revokeToken(id, 'owner');
  expect(await access.authenticate(token)).toBeNull();
  clock.advance(5000);
  expect(await other.authenticate(token)).toBeNull();
  expect(await access.roleOf('mika')).toBeNull();
});

test('revoking twice keeps the first time, an unknown id is not found', async () => {
  const { id } = await access.createToken({ name: 'mika', role: 'viewer', by: 'owner' });
  const { revokedAt } = await access.revokeToken(id, 'owner');
  clock.advance(1000);
  expect((await access.revokeToken(id, 'owner')).revokedAt).toBe(revokedAt);
  await expect(access.revokeToken('tok_unknown', 'owner')).rejects.toMatchObject({ code: 'FUN_NOT_FOUND' });
});

test('of two simultaneous revocations of the last two owner tokens one is refused', async () => {
  const first = await access.createToken({ name: 'owner', role: 'owner', by: 'automation' });
  const second = await access.createToken({ name: 'rin', role: 'owner', by: 'owner' });
  const results = await Promise.allSettled([
    access.revokeToken(first.id, 'owner'),
    access.revokeToken(second.id, 'owner'),
  ]);
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(results.find((result) => result.status === 'rejected')).toMatchObject({ reason: { code: 'FUN_LAST_OWNER' } });
});

test('a token ends at its expiry, also when it was cached just before', async () => {
  const { token } = await access.createToken({ name: 'mika', role: 'viewer', by: 'owner', validFor: 3000 });
  expect(await access.authenticate(token)).not.toBeNull();
  clock.advance(3000);
  expect(await access.authenticate(token)).toBeNull();
  expect(await access.roleOf('mika')).toBeNull();
});

test('the last use is written at most once a minute', async () => {
  const { token } = await access.createToken({ name: 'mika', role: 'viewer', by: 'owner' });
  const lastUse = async () => (await access.listTokens())[0]?.lastUsedAt;
  const start = clock.now();
  await access.authenticate(token);
  expect(await lastUse()).toBe(start);
  clock.advance(59_000);
  await access.authenticate(token);
  expect(await lastUse()).toBe(start);
  clock.advance(6000);
  await access.authenticate(token);
  expect(await lastUse()).toBe(start + 65_000);
  clock.advance(6000);
  await access.authenticate(token);
  expect(await lastUse()).toBe(start + 65_000);
});

test('a session is valid while its token is, until it is closed or 14 days old', async () => {
  const { token, id } = await access.createToken({ name: 'mika', role: 'deployer', by: 'owner' });
  const identity = (await access.authenticate(token))!;
  const closed = await access.openSession(identity);
  const aged = await access.openSession(identity);
  expect(await access.authenticateSession(closed.secret)).toEqual(identity);
  await access.closeSession(closed.secret);
  expect(await access.authenticateSession(closed.secret)).toBeNull();
  expect(await access.authenticateSession(token)).toBeNull();
  expect(await access.authenticate(aged.secret)).toBeNull();
  clock.advance(14 * 24 * 3_600_000);
  expect(await access.authenticateSession(aged.secret)).toBeNull();
  const revoked = await access.openSession(identity);
  await access.revokeToken(id, 'owner');
  expect(await access.authenticateSession(revoked.secret)).toBeNull();
});

test('making, revoking and being denied are events in the name of who did it', async () => {
  const { id } = await access.createToken({ name: 'mika', role: 'viewer', by: 'owner' });
  const identity = { user: 'mika', role: 'viewer', tokenId: id, scopes: null } as const;
  await access.recordDenial({ identity, action: 'ship', needed: 'deployer', method: 'POST', path: '/api/v1/releases' });
  await access.revokeToken(id, 'owner');
  // An event shows only when no older transaction of the whole server runs any more.
  const read = () => readEvents(database.db, { after: 0, limit: 10 });
  await expect.poll(read, { timeout: 15_000 }).toHaveLength(3);
  const events = await read();
  expect(events.map(({ kind, subject, actor }) => ({ kind, subject, actor }))).toEqual([
    { kind: 'token.created', subject: id, actor: 'owner' },
    { kind: 'access.denied', subject: 'mika', actor: 'mika' },
    { kind: 'token.revoked', subject: id, actor: 'owner' },
  ]);
  expect(events[1]?.data).toMatchObject({ action: 'ship', needed: 'deployer', role: 'viewer' });
});

test('a higher role may do what a lower one may, never the other way', () => {
  expect(atLeast('owner', 'viewer')).toBe(true);
  expect(atLeast('approver', 'approver')).toBe(true);
  expect(atLeast('deployer', 'approver')).toBe(false);
});
