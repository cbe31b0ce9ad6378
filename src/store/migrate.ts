import { sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Db } from './database.ts';
import { migrations } from './migrations/index.ts';

const UNDEFINED_TABLE = '42P01';
const TABLE = 'funade_migrations';

/** Brings the schema up to date; several processes may call it at once (the migrator takes a lock). */
export async function migrateToLatest(db: Db): Promise<void> {
  if (await isUpToDate(db)) return;
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(migrations as Record<string, Migration>) },
    migrationTableName: TABLE,
    migrationLockTableName: 'funade_migrations_lock',
  });
  const { error } = await migrator.migrateToLatest();
  if (error instanceof Error) throw error;
  if (error !== undefined) throw new Error('The migration failed without a reason', { cause: error });
}

/** One cheap look: the migrator itself reads the whole catalogue first. */
async function isUpToDate(db: Db): Promise<boolean> {
  try {
    const { rows } = await sql<{ name: string }>`select name from ${sql.table(TABLE)}`.execute(db);
    const applied = new Set(rows.map(({ name }) => name));
    const names = Object.keys(migrations);
    return applied.size === names.length && names.every((name) => applied.has(name));
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === UNDEFINED_TABLE) return false;
    throw thrown;
  }
}
