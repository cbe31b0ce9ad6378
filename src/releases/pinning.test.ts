import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ReleaseRig, createReleaseRig } from '../../test/release-rig.ts';
import { silentLogger } from '../kernel/index.ts';
import { createArtifacts } from '../store/index.ts';
import { type Catalog, createCatalog } from './catalog.ts';
import { createSource } from './source/index.ts';

let rig: ReleaseRig;
let catalog: Catalog;
beforeAll(async () => {
  rig = await createReleaseRig();
  const { database, root, secrets } = rig;
  const artifacts = createArtifacts({ directory: `${root}/artifacts` });
  const source = createSource({ directory: `${root}/mirrors`, logger: silentLogger });
  catalog = createCatalog({ db: database.db, artifacts, source, secrets });
});
afterAll(() => rig.close());

const STAGES = ['deploy: { to: staging, name: staging }'];
const FUNADE_YAML = `version: 1
app: greeter
functions:
  hello: { runtime: nodejs, handler: index.handler, route: /hello, environment: { TOKEN: "\${TOKEN}" } }
environments:
  staging: { target: noop, environment: { DATABASE: "postgres://\${USER}:\${PASSWORD}@db" } }
  production: { target: noop, environment: { DATABASE: "postgres://db/\${PASSWORD}" } }
pipeline:
  - ${STAGES[0]}
`;

const set = (name: string, value: string, environment: string | null = null) =>
  rig.secrets.set({ app: 'greeter', environment, name, value, by: 'aoi' });
const ship = async () => rig.ended(await rig.ship(STAGES, { 'funade.yaml': FUNADE_YAML }));
const pinsOf = async (id: string, environment: string) => (await catalog.get(id, environment)).release.secrets;

test('a release stays with the secrets of its day, in each environment', async () => {
  // what is missing is told at once, for all environments
  await set('TOKEN', 'a token');
  const failed = await ship();
  expect(failed).toMatchObject({ state: 'failed', failure: { code: 'FUN_SECRET_MISSING' } });
  expect(failed.failure?.message).toContain('greeter (staging), greeter (production): PASSWORD, USER');

  await set('PASSWORD', 'everywhere');
  await set('PASSWORD', 'of production', 'production');
  await set('USER', 'aoi', 'staging');
  const first = (await ship()).release_id ?? '';
  expect(await pinsOf(first, 'staging')).toEqual({
    PASSWORD: { environment: null, version: 1 },
    TOKEN: { environment: null, version: 1 },
    USER: { environment: 'staging', version: 1 },
  });
  expect(await pinsOf(first, 'production')).toMatchObject({ PASSWORD: { environment: 'production', version: 1 } });
  expect(await catalog.preflight(first, 'production')).toEqual({ ready: true, reason: null });

  // a new value makes another release of the same commit; the old one keeps the old value
  const retried = await rig.releases.retry(await lastRun(), 'aoi');
  expect((await rig.ended(retried)).release_id).toBe(first);
  await set('PASSWORD', 'turned over', 'production');
  const again = await rig.releases.retry(retried, 'aoi');
  const second = (await rig.ended(again)).release_id ?? '';
  expect(second).not.toBe(first);
  expect(await pinsOf(first, 'production')).toMatchObject({ PASSWORD: { version: 1 } });
  expect(await pinsOf(second, 'production')).toMatchObject({ PASSWORD: { version: 2 } });

  // a value that is not there any more is what keeps a rollback from being ready
  await sql`delete from app_secrets where name = 'PASSWORD' and version = 1`.execute(rig.database.db);
  const { ready, reason } = await catalog.preflight(first, 'production');
  expect([ready, reason]).toEqual([false, expect.stringContaining('version 1')]);
  expect(await catalog.preflight(second, 'production')).toEqual({ ready: true, reason: null });
});

async function lastRun(): Promise<string> {
  const queued = (await rig.events()).findLast(({ kind }) => kind === 'run.queued');
  return queued?.subject ?? '';
}
