import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import {
  GITLAB_SIGNING,
  type IntakeRig,
  SECRET,
  createAdmittedTable,
  deliver,
  githubHeaders,
  pushBody,
  send,
  signature,
  startIntake,
} from '../../../test/intake-rig.ts';
import { createMemoryForge } from '../../../test/memory-forge.ts';
import type { Forge, ForgeHooks } from '../../forges/index.ts';
import { FunadeError, createLogger, createManualClock, silentLogger, systemClock } from '../../kernel/index.ts';
import { type SecretStore, createSecretStore } from '../../store/index.ts';
import { type ConfiguredSource, type Sources, type SourcesOptions, createSources } from '../index.ts';

const KEY = randomBytes(32);
let database: TestDatabase;
let store: SecretStore;
const running: { stop(): Promise<void> }[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  await createAdmittedTable(database.db);
  store = createSecretStore({ db: database.db, key: KEY, clock: systemClock });
});
beforeEach(() => sql`truncate sources, source_repositories, app_secrets, deliveries`.execute(database.db));
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
});
afterAll(() => database.drop());

const CONFIGURED: readonly ConfiguredSource[] = [
  {
    name: 'github',
    forge: 'github',
    apiUrl: 'https://api.github.com',
    secrets: [SECRET],
    credentials: null,
    repositories: ['octo/configured'],
  },
  {
    name: 'gitlab',
    forge: 'gitlab',
    apiUrl: 'https://gitlab.com/api/v4',
    secrets: [],
    credentials: null,
    repositories: [],
  },
];

/** Sources as one process has them; several on one database are several processes. */
async function startSources(overrides: Partial<SourcesOptions> = {}): Promise<Sources> {
  const sources = createSources({
    db: database.db,
    clock: systemClock,
    logger: silentLogger,
    secrets: store,
    configured: CONFIGURED,
    createForge: () => createMemoryForge(),
    webhookUrl: 'https://funade.example/',
    applicationRepositories: () => Promise.resolve([]),
    ...overrides,
  });
  await sources.start();
  running.push(sources);
  return sources;
}

async function receive(sources: Sources): Promise<IntakeRig> {
  const rig = await startIntake({
    db: database.db,
    sources: sources.directory,
    onFailure: sources.noteFailure,
    limits: { failuresPerMinute: 1000 },
  });
  running.push(rig);
  return rig;
}

function sendSigned(port: number, path: string, secret: string, body = pushBody()) {
  const headers = { ...githubHeaders(body), 'x-hub-signature-256': signature(body, secret) };
  return send(port, { path, headers, body });
}

async function faultsOf(work: Promise<unknown>): Promise<readonly string[]> {
  const thrown = await work.then(
    () => new Error('nothing was refused'),
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof FunadeError)) throw thrown;
  expect(thrown.code).toBe('FUN_SOURCE_INVALID');
  expect(thrown.faults.every(({ fix }) => fix !== undefined && fix !== '')).toBe(true);
  return thrown.faults.map(({ path, message }) => `${path}: ${message}`);
}

const ACME = { name: 'acme', forge: 'github', repositories: [] } as const;

describe('a source that is added', () => {
  test('gets a secret that is told once, and takes deliveries at its own path', async () => {
    const sources = await startSources();
    const { source, secret } = await sources.add({ ...ACME, repositories: ['acme/site'] }, 'mona');
    expect(secret?.value).toMatch(/^[0-9a-f]{64}$/);
    expect(source).toMatchObject({
      name: 'acme',
      forge: 'github',
      apiUrl: 'https://api.github.com',
      webhookPath: '/webhook/github/acme',
      origin: 'added',
      credentials: 'none',
      secrets: [{ label: secret?.label, kind: 'secret', since: expect.any(Number) }],
      repositories: [{ fullName: 'acme/site', origin: 'added', hook: null }],
      lastDelivery: null,
      lastFailure: null,
    });
    expect(JSON.stringify(source)).not.toContain(secret?.value);
    const rig = await receive(sources);
    for (const path of ['/webhook/github/acme', '/webhook/acme']) {
      expect((await sendSigned(rig.port, path, secret?.value ?? '')).status, path).toBe(200);
    }
    expect((await sendSigned(rig.port, '/webhook/gitlab/acme', secret?.value ?? '')).status).toBe(404);
    expect((await sendSigned(rig.port, '/webhook/github', secret?.value ?? '')).status).toBe(401);
    expect((await sendSigned(rig.port, '/webhook/acme', SECRET.value)).status).toBe(401);
    const [stored] = (await rig.intake.listDeliveries({ limit: 1 })).items;
    expect(stored).toMatchObject({ source: 'acme', forge: 'github', via: 'webhook', secretLabel: secret?.label });
    const listed = (await sources.list()).find(({ name }) => name === 'acme');
    expect(listed?.lastDelivery).toMatchObject({ id: stored?.id, event: 'push', outcome: 'queued' });
  });

  test('keeps nothing readable in the database, and writes what was done as events', async () => {
    const sources = await startSources();
    const { secret } = await sources.add({ ...ACME, token: 'tok-of-acme-0123456789' }, 'mona');
    const { rows } = await sql<{ told: string }>`
      select data::text || subject || actor as told from events where kind = 'source.added' and subject = 'acme'
      order by position desc limit 1`.execute(database.db);
    expect(rows[0]?.told).toContain('mona');
    const everything = await sql<{ row: string }>`
      select row(s.*)::text as row from app_secrets as s
      union all select row(e.*)::text from events as e union all select row(o.*)::text from sources as o`.execute(
      database.db,
    );
    const text = everything.rows.map(({ row }) => row).join('\n');
    for (const value of [secret?.value ?? '', 'tok-of-acme']) {
      expect(text).not.toContain(value);
      expect(text).not.toContain(Buffer.from(value).toString('hex'));
    }
  });

  test('is refused with all its faults at once, none of which shows a secret', async () => {
    const sources = await startSources();
    const wanted = { name: 'new', secret: 'short', signingToken: 'whsec_c2hvcnQ=', token: '${TOKEN_OF_NEW_1}' };
    const faults = await faultsOf(sources.add({ ...wanted, repositories: [] }, 'mona'));
    expect(faults).toEqual([
      'forge: a new source needs a forge',
      expect.stringContaining('secret: it is shorter than 16'),
      expect.stringContaining('signingToken: '),
      'token: a variable in it was not expanded',
    ]);
    expect(faults.join()).not.toMatch(/short'|c2hvcnQ|TOKEN_OF_NEW/);
    expect(await countSources()).toBe(0);
    const deep = {
      name: 'deep',
      forge: 'github',
      repositories: ['a/b/c'],
      signingToken: GITLAB_SIGNING.value,
    } as const;
    expect(await faultsOf(sources.add(deep, 'mona'))).toEqual([
      'signingToken: GitHub has no signing tokens',
      'repositories: a/b/c is no repository of GitHub',
    ]);
  });

  test('can be added to, but does not become another one', async () => {
    const sources = await startSources();
    await sources.add(ACME, 'mona');
    const { source, secret } = await sources.add({ name: 'acme', repositories: ['acme/api'] }, 'mona');
    expect([secret, source.repositories.map(({ fullName }) => fullName), source.secrets.length]).toEqual([
      null,
      ['acme/api'],
      1,
    ]);
    const changed = { name: 'acme', forge: 'gitlab', apiUrl: 'https://ghe.example/api/v3', repositories: [] } as const;
    expect(await faultsOf(sources.add(changed, 'mona'))).toEqual([
      'forge: the source acme is of github',
      'apiUrl: the source acme is at https://api.github.com',
    ]);
  });

  test('can be removed with its secrets: from then on it is not found, and its name is free', async () => {
    const sources = await startSources();
    const { secret } = await sources.add({ ...ACME, repositories: ['acme/site'] }, 'mona');
    const rig = await receive(sources);
    await sources.remove('acme', [], 'mona');
    expect((await sendSigned(rig.port, '/webhook/acme', secret?.value ?? '')).status).toBe(404);
    expect((await sources.list()).map(({ name }) => name)).toEqual(['github', 'gitlab']);
    const { source } = await sources.add(ACME, 'mona');
    expect([source.repositories, source.secrets.length]).toEqual([[], 1]);
    expect((await sendSigned(rig.port, '/webhook/acme', secret?.value ?? '')).status).toBe(401);
  });
});

describe('the sources of the configuration', () => {
  test('are always there, take repositories, a token and secrets, and can not be removed', async () => {
    const sources = await startSources();
    const { source, secret } = await sources.add(
      { name: 'gitlab', repositories: ['group/sub/app'], token: 'glpat-0123456789abcdef' },
      'mona',
    );
    expect(secret?.value).toMatch(/^[0-9a-f]{64}$/);
    expect(source).toMatchObject({
      webhookPath: '/webhook/gitlab',
      origin: 'config',
      credentials: 'token',
      repositories: [{ fullName: 'group/sub/app', origin: 'added' }],
    });
    expect(sources.directory.forgeOf('gitlab')).not.toBeNull();
    expect(sources.directory.forgeOf('gitlab')).toBe(sources.directory.forgeOf('gitlab'));
    expect(await faultsOf(sources.remove('gitlab', [], 'mona'))).toEqual(['name: the source gitlab is always there']);
    await sources.remove('gitlab', ['group/sub/app'], 'mona');
    expect((await sources.list()).find(({ name }) => name === 'gitlab')?.repositories).toEqual([]);
    expect(await faultsOf(sources.remove('github', ['octo/configured'], 'mona'))).toEqual([
      'repositories: octo/configured was not added to github',
    ]);
  });

  test('have the repositories of applications beside their own', async () => {
    const sources = await startSources({
      applicationRepositories: (host) =>
        Promise.resolve(host === 'github.com' ? ['octo/greeter', 'Octo/Configured'] : []),
    });
    await sources.add({ ...ACME, token: 'tok-of-acme-0123456789' }, 'mona');
    const repositories = async (name: string) =>
      (await sources.list())
        .find((source) => source.name === name)
        ?.repositories.map((each) => [each.fullName, each.origin]);
    // The configured one can't use the API, so the other works for applications.
    expect(await repositories('acme')).toEqual([
      ['Octo/Configured', 'application'],
      ['octo/greeter', 'application'],
    ]);
    await sources.remove('acme', [], 'mona');
    expect(await repositories('github')).toEqual([
      ['octo/configured', 'config'],
      ['octo/greeter', 'application'],
    ]);
    expect([sources.directory.homeOf('github.com'), sources.directory.homeOf('example.com')]).toEqual(['github', null]);
  });

  test.each([
    ['', 'it is empty'],
    ['${GITHUB_WEBHOOK_SECRET}', 'not expanded'],
    ['too short', 'shorter than 16'],
  ])('stop the start with the weak secret %j', (value, reason) => {
    const [github] = CONFIGURED;
    const configured = [{ ...github!, secrets: [{ label: 'GITHUB_WEBHOOK_SECRET', value }] }];
    const options = { db: database.db, clock: systemClock, logger: silentLogger, secrets: store, webhookUrl: null };
    const create = () =>
      createSources({
        ...options,
        configured,
        createForge: () => createMemoryForge(),
        applicationRepositories: () => Promise.resolve([]),
      });
    expect(create).toThrow(reason);
    expect(create).toThrow('GITHUB_WEBHOOK_SECRET');
  });

  test('without a secret are told of in the log when they are in use', async () => {
    const lines: string[] = [];
    const [github, gitlab] = CONFIGURED;
    const logger = createLogger('info', { write: (line: string) => void lines.push(line) });
    await startSources({ logger, configured: [{ ...github!, secrets: [] }, gitlab!] });
    expect(lines.join('')).toContain('No webhook secret is set for github');
    expect(lines.join('')).not.toContain('for gitlab');
  });
});

describe('secrets', () => {
  test('of before and after a rotation are valid together, until the old one is removed', async () => {
    const sources = await startSources();
    const first = (await sources.add(ACME, 'mona')).secret!;
    const second = (await sources.rotate('acme', {}, 'mona')).secret!;
    expect(second.label).not.toBe(first.label);
    const rig = await receive(sources);
    for (const { value } of [first, second])
      expect((await sendSigned(rig.port, '/webhook/acme', value)).status).toBe(200);
    const { source, secret } = await sources.rotate('acme', { remove: [first.label] }, 'mona');
    expect([secret, source.secrets.map(({ label }) => label)]).toEqual([null, [second.label]]);
    expect((await sendSigned(rig.port, '/webhook/acme', first.value)).status).toBe(401);
    expect((await sendSigned(rig.port, '/webhook/acme', second.value)).status).toBe(200);
  });

  test('are not removed when they are the last, of the configuration, or not there', async () => {
    const sources = await startSources();
    const { label } = (await sources.add(ACME, 'mona')).secret!;
    expect(await faultsOf(sources.rotate('acme', { remove: [label] }, 'mona'))).toEqual([
      'remove: no secret would be left, and every delivery be refused',
    ]);
    expect(await faultsOf(sources.rotate('github', { remove: ['current', 'none'] }, 'mona'))).toEqual([
      'remove: the secret current comes from the configuration',
      'remove: there is no secret none',
    ]);
    const refused = await sources
      .rotate('github', { remove: ['current'] }, 'mona')
      .catch((thrown: FunadeError) => thrown);
    expect((refused as FunadeError).faults[0]?.fix).toContain('GITHUB_WEBHOOK_SECRET');
    await expect(sources.rotate('nobody', {}, 'mona')).rejects.toMatchObject({ code: 'FUN_NOT_FOUND' });
  });

  test('of GitLab that begin with whsec_ are signing tokens, and a source with nothing else gets another of them', async () => {
    const sources = await startSources();
    const wanted = { name: 'lab', forge: 'gitlab', signingToken: GITLAB_SIGNING.value, repositories: [] } as const;
    const { source, secret } = await sources.add(wanted, 'mona');
    expect([secret, source.secrets.map(({ kind }) => kind)]).toEqual([null, ['signing']]);
    expect((await sources.rotate('lab', {}, 'mona')).secret?.value).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const token = await sources.rotate('lab', { secret: 'a token of good length' }, 'mona');
    expect(token.source.secrets.map(({ kind }) => kind).toSorted()).toEqual(['secret', 'signing', 'signing']);
    expect(await faultsOf(sources.rotate('lab', { secret: 'whsec_c2hvcnQgb25l' }, 'mona'))).toHaveLength(1);
  });
});

describe('what another process changed', () => {
  test('is seen at once when a request needs it: a source, a secret', async () => {
    const [here, there] = [await startSources(), await startSources()];
    const rig = await receive(here);
    const added = (await there.add(ACME, 'mona')).secret!;
    expect((await sendSigned(rig.port, '/webhook/github/acme', added.value)).status).toBe(200);
    const wrong = await sendSigned(rig.port, '/webhook/acme', 'some other secret of a hook');
    expect(wrong.status).toBe(401);
    const rotated = (await there.rotate('acme', {}, 'mona')).secret!;
    expect((await sendSigned(rig.port, '/webhook/acme', rotated.value)).status).toBe(200);
  });

  test('is valid at once for many requests at the same time', async () => {
    const [here, there] = [await startSources(), await startSources()];
    const rig = await receive(here);
    const { value } = (await there.rotate('github', {}, 'mona')).secret!;
    const answers = await Promise.all(Array.from({ length: 20 }, () => sendSigned(rig.port, '/webhook/github', value)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  });

  test('a removed secret stops being valid within ten seconds, also for the process that only listens', async () => {
    const [here, there] = [await startSources(), await startSources()];
    const rig = await receive(here);
    const old = (await there.rotate('github', {}, 'mona')).secret!;
    expect((await sendSigned(rig.port, '/webhook/github', old.value)).status).toBe(200);
    await there.rotate('github', { remove: [old.label] }, 'mona');
    const isRefused = async () => (await sendSigned(rig.port, '/webhook/github', old.value)).status === 401;
    await expect.poll(isRefused, { timeout: 10_000, interval: 250 }).toBe(true);
    expect((await deliver(rig.port)).status).toBe(200);
  });

  test('is read a few times in a row and then once a second, however many requests can not be verified', async () => {
    const sources = await startSources();
    const started = performance.now();
    let reads = 0;
    for (let index = 0; index < 40; index += 1) if (await sources.directory.refresh()) reads += 1;
    const seconds = (performance.now() - started) / 1000;
    expect(reads).toBeGreaterThan(0);
    expect(reads).toBeLessThanOrEqual(6 + seconds);
  });
});

describe('addresses', () => {
  test.each([
    ['https://mona:hunter2hunter2@ghe.example/api/v3', 'it has a user or password'],
    ['https://hunter2hunter2@ghe.example/api/v3', 'it has a user or password'],
    ['https://ghe.example/api/v3?token=hunter2hunter2', 'it has a query'],
    ['https://ghe.example/api/v3#hunter2hunter2', 'it has a fragment'],
    ['https://mona:hunter2hunter2@ghe.example/?#', 'it has a user or password and a query and a fragment'],
  ])('%s is refused without showing it: for the API and for hooks', async (address, message) => {
    const sources = await startSources();
    expect(await faultsOf(sources.add({ ...ACME, apiUrl: address }, 'mona'))).toEqual([`apiUrl: ${message}`]);
    expect(await countSources()).toBe(0);
    expect(await faultsOf(sources.install('github', { url: address }, 'mona'))).toEqual([`url: ${message}`]);
  });

  test('that were stored or reported with a password are shown without it', async () => {
    const sources = await startSources();
    await sources.add({ ...ACME, repositories: ['acme/site'] }, 'mona');
    await sql`update sources set api_url = 'https://mona:hunter2@ghe.example/api/v3' where name = 'acme'`.execute(
      database.db,
    );
    await sql`
      update source_repositories set hook_url = 'https://mona:hunter2@hook.example/x', hook_checked_at = now(),
        hook_troubles = '{https://mona:hunter2@ghe.example is away}', poll_failure = 'no https://mona:hunter2@ghe.example'
      where full_name = 'acme/site'`.execute(database.db);
    await sources.directory.refresh();
    const state = (await sources.list()).find(({ name }) => name === 'acme');
    expect(JSON.stringify(state)).not.toContain('hunter2');
    expect(state).toMatchObject({ apiUrl: 'https://***@ghe.example/api/v3' });
    expect(state?.repositories[0]?.hook?.url).toBe('https://hook.example/x');
  });

  test.each([
    ['http://ghe.example/api/v3', ['plain_http']],
    ['http://localhost:3000', []],
    ['http://127.0.0.1:3000', []],
    ['http://[::1]:3000', []],
    ['http://127.0.0.1.example', ['plain_http']],
    ['https://ghe.example/api/v3', []],
  ])('%s with a token has the troubles %j, and without one none', async (apiUrl, troubles) => {
    const lines: string[] = [];
    const sources = await startSources({ logger: logTo(lines) });
    expect((await sources.add({ ...ACME, apiUrl }, 'mona')).source.troubles).toEqual([]);
    const { source } = await sources.add({ ...ACME, token: 'tok-of-acme-0123456789' }, 'mona');
    expect(source.troubles).toEqual(troubles);
    await sources.directory.refresh();
    expect(lines.filter((line) => line.includes('plain_http'))).toHaveLength(troubles.length);
  });
});

describe('what is stored and can not be read', () => {
  test('leaves that source as it was known, the others alone, and is told once', async () => {
    const lines: string[] = [];
    const [here, there] = [await startSources({ logger: logTo(lines) }), await startSources()];
    await there.add(ACME, 'mona');
    await there.add({ ...ACME, name: 'lab', forge: 'gitlab', token: 'tok-of-lab-0123456789' }, 'mona');
    const broken = (await there.rotate('acme', {}, 'mona')).secret!;
    await here.directory.refresh();
    await sql`update app_secrets set ciphertext = '\\x00' where app = 'source/acme' and name like ${`%${broken.label}`}`.execute(
      database.db,
    );
    await sql`update app_secrets set ciphertext = '\\x00' where app = 'source/lab' and name = 'TOKEN'`.execute(
      database.db,
    );
    await sql`update sources set api_url = 'no address' where name = 'lab'`.execute(database.db);
    const added = (await there.rotate('github', {}, 'mona')).secret!;
    for (let round = 0; round < 3; round += 1) expect(await here.directory.refresh()).toBe(true);
    const valid = here.directory.get('acme')?.secrets.map(({ value }) => value);
    expect([valid?.length, valid?.includes(broken.value)]).toEqual([2, true]);
    expect(here.directory.get('github')?.secrets.map(({ label }) => label)).toContain(added.label);
    expect(here.directory.get('lab')).toMatchObject({
      apiUrl: 'https://gitlab.com/api/v4',
      credentials: { token: 'tok-of-lab-0123456789' },
      troubles: ['row_unreadable', 'token_unreadable'],
    });
    const secret = `secret_unreadable=${broken.label}`;
    expect((await here.list()).find(({ name }) => name === 'acme')?.troubles).toEqual([secret]);
    for (const trouble of [secret, 'row_unreadable', 'token_unreadable'])
      expect(
        lines.filter((line) => line.includes(trouble)),
        trouble,
      ).toHaveLength(1);
    // A process that starts now knows nothing from before: it goes without.
    const late = await startSources();
    expect(late.directory.get('acme')?.secrets).toHaveLength(1);
    expect(late.directory.get('lab')).toBeUndefined();
    const { source } = await late.rotate('acme', { remove: [broken.label] }, 'mona');
    expect([source.troubles, source.secrets.length]).toEqual([[], 1]);
    expect(await faultsOf(late.add({ ...ACME, name: 'lab' }, 'mona'))).toEqual([
      'name: a source lab is stored that can not be read',
    ]);
  });

  test('is read in three queries however many sources there are, and once a second for those who list them', async () => {
    let queries = 0;
    const counting = {
      ...store,
      openAll: (apps: readonly string[]) => {
        queries += 1;
        return store.openAll(apps);
      },
      list: () => Promise.reject(new Error('not for each source')),
    };
    const clock = createManualClock(Date.now());
    const sources = await startSources({ secrets: counting, clock });
    const before = queries;
    await Promise.all(Array.from({ length: 20 }, () => sources.list()));
    expect(queries).toBe(before);
    clock.advance(1000);
    await sources.list();
    expect(queries).toBe(before + 1);
  });
});

describe('changes at the same time', () => {
  test('never leave a source without a secret', async () => {
    const [here, there] = [await startSources(), await startSources()];
    const first = (await here.add(ACME, 'mona')).secret!;
    const second = (await here.rotate('acme', {}, 'mona')).secret!;
    const removals = await Promise.allSettled([
      here.rotate('acme', { remove: [first.label] }, 'mona'),
      there.rotate('acme', { remove: [second.label] }, 'mona'),
    ]);
    expect(removals.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await here.directory.refresh();
    expect(here.directory.get('acme')?.secrets).toHaveLength(1);
  });

  test('of one new name give no token to the host of another', async () => {
    const [here, there] = [await startSources(), await startSources()];
    const wanted = [
      { ...ACME, apiUrl: 'https://one.example/api/v3', token: 'token-of-one-0123456789' },
      { ...ACME, apiUrl: 'https://two.example/api/v3', token: 'token-of-two-0123456789' },
    ] as const;
    const answers = await Promise.allSettled([here.add(wanted[0], 'mona'), there.add(wanted[1], 'mona')]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const winner = wanted[answers.findIndex(({ status }) => status === 'fulfilled')];
    await here.directory.refresh();
    expect(here.directory.get('acme')).toMatchObject({ apiUrl: winner?.apiUrl, credentials: { token: winner?.token } });
  });

  test('of many sources do not wait for each other’s connections', async () => {
    const sources = await startSources();
    const names = Array.from({ length: 20 }, (_, index) => `acme-${index}`);
    await Promise.all(names.map((name) => sources.add({ ...ACME, name }, 'mona')));
    expect(await countSources()).toBe(20);
  });
});

describe('requests that can not be verified', () => {
  test('are noted on their source with reason, client and number', async () => {
    const sources = await startSources();
    const rig = await receive(sources);
    await Promise.all(
      Array.from({ length: 50 }, () => sendSigned(rig.port, '/webhook/github', 'another secret of a hook')),
    );
    const failure = async () => (await sources.list()).find(({ name }) => name === 'github')?.lastFailure;
    await expect.poll(failure, { timeout: 10_000 }).toMatchObject({
      reason: 'signature_mismatch',
      client: '127.0.0.1',
      count: 50,
    });
    expect((await sources.list()).find(({ name }) => name === 'gitlab')?.lastFailure).toBeNull();
  });

  test('of a source that was removed meanwhile do not bring it back', async () => {
    const sources = await startSources();
    await sources.add(ACME, 'mona');
    sources.noteFailure({ source: 'acme', reason: 'signature_mismatch', client: '203.0.113.5', at: 1 });
    sources.noteFailure({ source: 'acme', reason: 'signature_mismatch', client: '203.0.113.5', at: 2 });
    await sources.remove('acme', [], 'mona');
    await sources.stop();
    expect(await countSources()).toBe(0);
  });
});

describe('hooks are installed', () => {
  function forgeWith(ensure: ForgeHooks['ensure']): Forge {
    return { ...createMemoryForge(), hooks: { list: () => Promise.resolve([]), ensure } };
  }

  test('for every repository, with the address of the source and its newest secret; a failure is told and the others go on', async () => {
    const asked: unknown[] = [];
    const forge = forgeWith((repository, wanted) => {
      asked.push([repository.fullName, wanted.url, wanted.secret]);
      if (repository.fullName === 'acme/gone') {
        throw new FunadeError('FUN_FORGE_NOT_FOUND', { act: 'read the hooks', host: 'github.com' });
      }
      const hook = { id: '77', url: wanted.url, active: true, events: ['push'], troubles: ['tls_verification_off'] };
      return Promise.resolve({ hook, done: 'created' });
    });
    const sources = await startSources({ createForge: () => forge });
    const repositories = ['acme/gone', 'acme/site'];
    await sources.add({ ...ACME, token: 'tok-of-acme-0123456789', repositories }, 'mona');
    const { secret } = await sources.rotate('acme', {}, 'mona');
    const url = 'https://funade.example/webhook/github/acme';
    expect(await sources.install('acme', {}, 'mona')).toMatchObject([
      { repository: 'acme/gone', done: 'failed', url, troubles: [expect.stringContaining('it is not there')] },
      { repository: 'acme/site', done: 'created', url, troubles: ['tls_verification_off'] },
    ]);
    expect(asked).toEqual(repositories.map((repository) => [repository, url, secret?.value]));
    const state = (await sources.list()).find(({ name }) => name === 'acme');
    expect(state?.repositories.map(({ hook }) => hook)).toMatchObject([
      { id: null, troubles: [expect.stringContaining('it is not there')] },
      { id: '77', url, troubles: ['tls_verification_off'] },
    ]);
    const [hook] = await sources.install('acme', { url: 'https://other.example', repositories: ['acme/site'] }, 'mona');
    expect(hook?.url).toBe('https://other.example/webhook/github/acme');
  });

  test('only with an address, a secret, an account, and for repositories of the source', async () => {
    const sources = await startSources({ webhookUrl: null });
    expect(await faultsOf(sources.install('gitlab', {}, 'mona'))).toEqual([
      'url: nobody told where the forge reaches this server',
      'secret: it has no secret to give to a hook',
    ]);
    await expect(sources.install('github', { url: 'https://x.example' }, 'mona')).rejects.toMatchObject({
      code: 'FUN_FORGE_NO_CREDENTIALS',
      values: { setting: 'GITHUB_PERSONAL_ACCESS_TOKEN' },
    });
    await sources.add({ name: 'github', token: 'tok-of-octo-0123456789', repositories: [] }, 'mona');
    const others = { url: 'https://x.example', repositories: ['octo/other'] };
    expect(await faultsOf(sources.install('github', others, 'mona'))).toEqual([
      'repositories: octo/other is no repository of github',
    ]);
  });
});

function logTo(lines: string[]) {
  return createLogger('info', { write: (line: string) => void lines.push(line) });
}

async function countSources(): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from sources`.execute(database.db);
  return rows[0]?.count ?? -1;
}
