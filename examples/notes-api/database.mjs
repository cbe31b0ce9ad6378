import pg from 'pg';
import { Fault } from './fault.mjs';

// At most 4 connections for each instance; `instances` and `concurrency` in funade.yaml say how many of those there are.
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: 4,
  connectionTimeoutMillis: 2000,
  statement_timeout: 3000,
});
// A connection that breaks while nobody uses it: the pool has dropped it already.
pool.on('error', (error) => console.error(`a connection was lost: ${error.message}`));

// Runs at every start, so it only adds what is not there. During a rollout the old and the new version use the table together:
// never take anything away that the old one needs. The lock lets instances that start together do it one after the other.
await pool.query(`
  select pg_advisory_xact_lock(hashtext('notes-api'));
  create table if not exists notes (
    id integer generated always as identity primary key,
    text text not null,
    created_at timestamptz not null default now()
  );
`);

/** Rows of a statement. What the database refuses is thrown as it is; one that does not answer is a fault with status 503. */
export async function query(statement, values = []) {
  try {
    return (await pool.query(statement, values)).rows;
  } catch (thrown) {
    if (thrown instanceof pg.DatabaseError) throw thrown;
    console.error(thrown.message);
    throw new Fault(503, 'the database does not answer');
  }
}
