import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { type Connection, type Db, connect } from '../src/store/index.ts';

export interface TestDatabase {
  readonly db: Db;
  readonly connection: Connection;
  drop(): Promise<void>;
}

/** A migrated, empty database of its own on the test run's PostgreSQL. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = inject('postgres');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(server, `create database ${name} template funade`);
  const connection = { ...server, database: name };
  const db = connect(connection);
  return {
    db,
    connection,
    drop: async () => {
      await db.destroy();
      await administer(server, `drop database if exists ${name} with (force)`);
    },
  };
}

async function administer(server: Connection, statement: string): Promise<void> {
  const client = new pg.Client({ ...server, database: 'postgres' });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
