import type { Generated } from 'kysely';
import type { Db, Trx } from '../database.ts';
import type { Whereabouts } from './cipher.ts';

type SecretTables = {
  app_secrets: {
    app: string;
    environment: string;
    name: string;
    version: number;
    ciphertext: Buffer;
    created_by: string;
    created_at: Date;
    removed_by: Generated<string | null>;
    removed_at: Generated<Date | null>;
  };
  secrets_key: { only_row: Generated<boolean>; key_check: Buffer };
};

export interface SecretVersion extends Whereabouts {
  readonly setBy: string;
  readonly setAt: Date;
  readonly removedAt: Date | null;
}

export interface SealedVersion extends SecretVersion {
  readonly ciphertext: Buffer;
}

/** One name of an application in one environment. */
export type SecretPlace = Omit<Whereabouts, 'version'>;

function tables(db: Db | Trx) {
  return db.withTables<SecretTables>();
}

/**
 * The check of the key that everything was sealed with; `keyCheck` is stored when there is none. The row stays locked until
 * the transaction ends: secrets are set one at a time, and never with two keys.
 */
export async function lockKeyCheck(trx: Trx, keyCheck: Buffer): Promise<Buffer> {
  await tables(trx)
    .insertInto('secrets_key')
    .values({ key_check: keyCheck })
    .onConflict((conflict) => conflict.column('only_row').doNothing())
    .execute();
  const row = await tables(trx).selectFrom('secrets_key').select('key_check').forUpdate().executeTakeFirstOrThrow();
  return row.key_check;
}

export async function replaceKeyCheck(trx: Trx, keyCheck: Buffer): Promise<void> {
  await tables(trx).updateTable('secrets_key').set({ key_check: keyCheck }).execute();
}

export async function countSealed(trx: Trx): Promise<number> {
  const { count } = await tables(trx)
    .selectFrom('app_secrets')
    .select((select) => select.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

function versions(db: Db | Trx) {
  return tables(db)
    .selectFrom('app_secrets')
    .select([
      'app',
      'environment',
      'name',
      'version',
      'created_by as setBy',
      'created_at as setAt',
      'removed_at as removedAt',
    ]);
}

/** The newest version, also when it was removed. */
export function newestVersion(trx: Trx, { app, environment, name }: SecretPlace): Promise<SealedVersion | undefined> {
  return versions(trx)
    .select('ciphertext')
    .where('app', '=', app)
    .where('environment', '=', environment)
    .where('name', '=', name)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The newest version of every secret of an application that was not removed. */
export async function currentVersions(db: Db, app: string): Promise<readonly SecretVersion[]> {
  const rows = await versions(db)
    .distinctOn(['name', 'environment'])
    .where('app', '=', app)
    .orderBy('name')
    .orderBy('environment')
    .orderBy('version', 'desc')
    .execute();
  return rows.filter((row) => row.removedAt === null);
}

/** The newest version of every secret of several applications that was not removed. */
export async function currentSealed(db: Db, apps: readonly string[]): Promise<readonly SealedVersion[]> {
  if (apps.length === 0) return [];
  const rows = await versions(db)
    .select('ciphertext')
    .distinctOn(['app', 'name', 'environment'])
    .where('app', 'in', apps)
    .orderBy('app')
    .orderBy('name')
    .orderBy('environment')
    .orderBy('version', 'desc')
    .execute();
  return rows.filter((row) => row.removedAt === null);
}

/** All versions, also those that were replaced or removed. */
export function findVersions(db: Db, app: string, names: readonly string[]): Promise<readonly SealedVersion[]> {
  return versions(db).select('ciphertext').where('app', '=', app).where('name', 'in', names).execute();
}

export async function insertVersion(
  trx: Trx,
  version: Whereabouts & { readonly ciphertext: Buffer; readonly by: string; readonly at: Date },
): Promise<void> {
  const { app, environment, name, ciphertext, by, at } = version;
  await tables(trx)
    .insertInto('app_secrets')
    .values({ app, environment, name, version: version.version, ciphertext, created_by: by, created_at: at })
    .execute();
}

/** Marks all versions of a secret; how many were not yet. */
export async function markRemoved(
  trx: Trx,
  removal: SecretPlace & { readonly by: string; readonly at: Date },
): Promise<number> {
  const { numUpdatedRows } = await tables(trx)
    .updateTable('app_secrets')
    .set({ removed_by: removal.by, removed_at: removal.at })
    .where('app', '=', removal.app)
    .where('environment', '=', removal.environment)
    .where('name', '=', removal.name)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}
