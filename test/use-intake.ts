import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { Db } from '../src/store/index.ts';
import { type TestDatabase, createTestDatabase } from './database.ts';
import { type IntakeRig, type RigOptions, countRows, createAdmittedTable, startIntake } from './intake-rig.ts';

export interface UsedIntake {
  /** The database of the file; without deliveries when a test begins. */
  readonly database: () => TestDatabase;
  readonly db: () => Db;
  /** An intake that ends with the test. */
  start(options?: Partial<RigOptions>): Promise<IntakeRig>;
  /** How many deliveries are stored, and how many runs were admitted. */
  count(): Promise<readonly number[]>;
  /** How many connections wait for their turn to store a delivery. */
  countWaiting(): Promise<number>;
}

/** Intakes on one database for all tests of the file that calls it. */
export function useIntake(): UsedIntake {
  let database: TestDatabase;
  const rigs: IntakeRig[] = [];
  const db = () => database.db;
  beforeAll(async () => {
    database = await createTestDatabase();
    await createAdmittedTable(db());
  });
  beforeEach(() => sql`truncate deliveries, admitted`.execute(db()));
  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.stop();
  });
  afterAll(() => database.drop());

  return {
    database: () => database,
    db,
    start: async (options = {}) => {
      const rig = await startIntake({ db: db(), ...options });
      rigs.push(rig);
      return rig;
    },
    count: () => Promise.all([countRows(db(), 'deliveries'), countRows(db(), 'admitted')]),
    countWaiting: async () => {
      const { rows } = await sql`select 1 from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%insert into deliveries%'`.execute(
        db(),
      );
      return rows.length;
    },
  };
}
