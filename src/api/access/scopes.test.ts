import { createHmac } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { createManualClock, silentLogger } from '../../kernel/index.ts';
import { type Role, SCOPES, type Scope } from '../contract/index.ts';
import { type Access, type Identity, allows, createAccess, standingOf } from './index.ts';

const SEED = Buffer.alloc(32, 7);

let database: TestDatabase;
let access: Access;
const clock = createManualClock();
beforeAll(async () => {
  database = await createTestDatabase();
  access = createAccess({ db: database.db, clock, logger: silentLogger, accessKeySeed: SEED });
});
afterAll(() => database.drop());

async function tokenOf(id: string) {
  return (await access.listTokens()).find((token) => token.id === id);
}

function identity(role: Role, scopes: readonly Scope[] | null): Identity {
  return { user: 'mika', role, tokenId: 'tok_1', scopes };
}

function allowed(who: Identity): readonly Scope[] {
  return SCOPES.filter((scope) => allows(who, scope));
}

test('without scopes a viewer may look at functions, and everybody above may run them', () => {
  expect(allowed(identity('viewer', null))).toEqual(['read:functions']);
  for (const role of ['deployer', 'approver', 'owner'] as const) expect(allowed(identity(role, null))).toEqual(SCOPES);
});

test('with scopes a token may do what they say and nothing else, whatever its role', () => {
  expect(allowed(identity('owner', ['read:functions']))).toEqual(['read:functions']);
  expect(allowed(identity('viewer', ['execute:rust']))).toEqual(['execute:rust']);
  expect(allowed(identity('owner', []))).toEqual([]);
});

test('execute:all is every language, and no reading', () => {
  expect(allowed(identity('owner', ['execute:all']))).toEqual(SCOPES.filter((scope) => scope.startsWith('execute:')));
});

test.each([
  [identity('viewer', null), 'viewer'],
  [identity('owner', ['execute:rust', 'read:functions']), 'owner, scopes: execute:rust read:functions'],
  [identity('viewer', []), 'viewer, no scopes'],
])('the standing of %j is told as %j', (who, words) => {
  expect(standingOf(who)).toBe(words);
});

test('scopes are kept with the token, come with whoever uses it, and are in the event', async () => {
  const scopes = ['execute:nodejs', 'read:functions'] as const;
  const made = await access.createToken({ name: 'ci', role: 'deployer', by: 'owner', scopes });
  expect(made).toMatchObject({ scopes, expiresAt: null });
  expect(await access.authenticate(made.token)).toEqual({ user: 'ci', role: 'deployer', tokenId: made.id, scopes });
  expect(await tokenOf(made.id)).toMatchObject({ scopes, expiresAt: null });
  const { rows } = await sql<{ data: object }>`select data from events where subject = ${made.id}`.execute(database.db);
  expect(rows).toMatchObject([{ data: { role: 'deployer', scopes } }]);
});

test('a token with scopes opens no session of the dashboard', async () => {
  const { token } = await access.createToken({ name: 'rin', role: 'owner', by: 'owner', scopes: ['execute:all'] });
  const opening = access.openSession((await access.authenticate(token))!);
  await expect(opening).rejects.toMatchObject({ code: 'FUN_FORBIDDEN', values: { needed: 'a token without scopes' } });
});

test("an owner's token with scopes is no way in: the last one without is not revoked", async () => {
  const { id } = await access.createToken({ name: 'owner', role: 'owner', by: 'automation' });
  await access.createToken({ name: 'owner', role: 'owner', by: 'owner', scopes: ['execute:all'] });
  await expect(access.revokeToken(id, 'owner')).rejects.toMatchObject({ code: 'FUN_LAST_OWNER' });
});

test('a token that is valid for a time says until when', async () => {
  const made = await access.createToken({ name: 'mika', role: 'viewer', by: 'owner', validFor: 60_000 });
  expect(made.expiresAt).toBe(clock.now() + 60_000);
  expect(await tokenOf(made.id)).toMatchObject({ expiresAt: made.expiresAt });
});

test('an access key is the id of its token and a secret that only the seed can make', async () => {
  const made = await access.createToken({ name: 'ci', role: 'deployer', by: 'owner', aws: true });
  const secret = createHmac('sha256', SEED).update(`funade aws4 ${made.id}`).digest('base64url');
  expect(made).toMatchObject({ accessKeyId: made.id, secretAccessKey: secret });
  expect(await access.secretOfKey(made.id)).toBe(secret);
  expect(await access.identityOfKey(made.id)).toEqual({ user: 'ci', role: 'deployer', tokenId: made.id, scopes: null });
  const { rows } = await sql<{
    row: string;
  }>`select t::text as row from tokens t union all select e::text from events e`.execute(database.db);
  expect(JSON.stringify(rows)).toContain(made.id);
  expect(JSON.stringify(rows)).not.toContain(secret);
});

test('a token that was made for other clients has no access key in its answer, and one all the same', async () => {
  const made = await access.createToken({ name: 'ci', role: 'deployer', by: 'owner' });
  expect(made).not.toHaveProperty('secretAccessKey');
  expect(await access.secretOfKey(made.id)).not.toBeNull();
});

test('the use of an access key counts once its signature has been verified', async () => {
  const { id } = await access.createToken({ name: 'ci', role: 'deployer', by: 'owner' });
  await access.secretOfKey(id);
  expect(await tokenOf(id)).toMatchObject({ lastUsedAt: null });
  await access.identityOfKey(id);
  expect(await tokenOf(id)).toMatchObject({ lastUsedAt: clock.now() });
});

test.each(['tok_0000000000000000', '', 'AKIDEXAMPLE', 'tok_\0', "tok_' or true"])(
  '%j is nobody’s access key',
  async (id) => {
    expect([await access.secretOfKey(id), await access.identityOfKey(id)]).toEqual([null, null]);
  },
);

test('an access key ends with its token: at once where it was revoked, within 5 s elsewhere', async () => {
  const other = createAccess({ db: database.db, clock, logger: silentLogger, accessKeySeed: SEED });
  const revoked = await access.createToken({ name: 'ci', role: 'deployer', by: 'owner' });
  const expiring = await access.createToken({ name: 'ci', role: 'deployer', by: 'owner', validFor: 3000 });
  for (const { id } of [revoked, expiring]) {
    for (const each of [access, other]) {
      expect(await each.secretOfKey(id)).not.toBeNull();
      expect(await each.identityOfKey(id)).not.toBeNull();
    }
  }
  await access.revokeToken(revoked.id, 'owner');
  expect([await access.secretOfKey(revoked.id), await access.identityOfKey(revoked.id)]).toEqual([null, null]);
  clock.advance(3000);
  expect([await other.secretOfKey(expiring.id), await other.identityOfKey(expiring.id)]).toEqual([null, null]);
  clock.advance(2000);
  expect([await other.secretOfKey(revoked.id), await other.identityOfKey(revoked.id)]).toEqual([null, null]);
});

test('without a seed there are no access keys', async () => {
  const plain = createAccess({ db: database.db, clock, logger: silentLogger });
  const making = plain.createToken({ name: 'ci', role: 'deployer', by: 'owner', aws: true });
  await expect(making).rejects.toMatchObject({ code: 'FUN_BAD_REQUEST', faults: [{ path: 'aws' }] });
  const { id } = await plain.createToken({ name: 'ci', role: 'deployer', by: 'owner' });
  expect([await plain.secretOfKey(id), await plain.identityOfKey(id)]).toEqual([null, null]);
});
