import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { createRunOnce } from './idempotency.ts';
import type { Invoked } from './invoker.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('an error with words that PostgreSQL does not take is kept with its key', async () => {
  const runOnce = createRunOnce(database.db);
  const call = { name: 'nul', key: 'k', request: Buffer.from('{}') };
  const threw = { kind: 'threw', errorType: 'Error', message: 'a\0b\ud83d', trace: ['at \0'] } as const;
  const run = (): Promise<Invoked> =>
    Promise.resolve({ outcome: threw, version: '1', alias: 'nul/$LATEST', duration: 1, cached: false });
  expect((await runOnce(call, run)).invoked.outcome).toEqual(threw);
  const again = await runOnce(call, () => Promise.reject(new Error('it ran twice')));
  expect(again.isReplay).toBe(true);
  expect(again.invoked.outcome).toEqual({ ...threw, message: 'a\uFFFDb\uFFFD', trace: ['at \uFFFD'] });
});
