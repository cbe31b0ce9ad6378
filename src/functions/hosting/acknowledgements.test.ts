import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { createTestDatabase } from '../../../test/database.ts';
import { createAcknowledgements } from './acknowledgements.ts';
import { acknowledge } from './store.ts';

const alias = (app: string, revision = 1) => ({ app, environment: 'live', revision, weights: [] });
const version = (failure: string | null = null) => ({
  ...{ app: 'shop', environment: 'live', version: 'rel_a', status: 'starting' as const, failure, instances: 0 },
});

test('a host tells what is new, all of it at first and after a failure', () => {
  const acknowledgements = createAcknowledgements();
  expect(acknowledgements.next([alias('a'), alias('b')], [version()])).toEqual({
    isFirst: true,
    aliases: [alias('a'), alias('b')],
    versions: [version()],
    goneAliases: [],
    goneVersions: [],
  });
  acknowledgements.settle(true);
  expect(acknowledgements.next([alias('a', 2)], [])).toEqual({
    isFirst: false,
    aliases: [alias('a', 2)],
    versions: [],
    goneAliases: [{ app: 'b', environment: 'live' }],
    goneVersions: [{ app: 'shop', environment: 'live', version: 'rel_a' }],
  });
  acknowledgements.settle(false);
  expect(acknowledgements.next([alias('a', 2)], [])).toMatchObject({ isFirst: true, aliases: [alias('a', 2)] });
});

test('20,000 aliases are told, then one of them, and a failure that PostgreSQL could not hold', async () => {
  const database = await createTestDatabase();
  try {
    const acknowledgements = createAcknowledgements();
    const aliases = Array.from({ length: 20_000 }, (_, index) => alias(`app-${index}`));
    const tell = async (all: typeof aliases, failure: string | null) => {
      await acknowledge(database.db, 'host', acknowledgements.next(all, [version(failure)]), 0);
      acknowledgements.settle(true);
    };
    const told = async () => {
      const { rows } = await sql<{ aliases: number; newest: number; failure: string }>`
        select count(*)::int as aliases, max(revision)::int as newest,
          (select failure from function_host_versions) as failure
        from function_host_aliases`.execute(database.db);
      return rows[0];
    };
    await tell(aliases, null);
    expect(await told()).toEqual({ aliases: 20_000, newest: 1, failure: null });
    await tell([...aliases.slice(1, -1), alias('app-0', 7)], 'a\0b');
    expect(await told()).toEqual({ aliases: 19_999, newest: 7, failure: 'a\uFFFDb' });
  } finally {
    await database.drop();
  }
});
