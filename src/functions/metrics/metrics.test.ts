import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import type { VersionCounts } from '../index.ts';
import {
  type TestHost,
  TEST_BOUNDS,
  deploy,
  removeArtifacts,
  startTestHost,
  until,
  versionOf,
} from '../../../test/functions/test-host.ts';
import { acknowledge, removeHost } from '../hosting/store.ts';
import { bucketOf, createCounters, quantile } from './counters.ts';
import { createMetricsReader } from './reader.ts';
import { pruneCounts, storeCounts } from './store.ts';

let database: TestDatabase;
let host: TestHost;
beforeAll(async () => {
  database = await createTestDatabase();
  host = await startTestHost(database);
});
afterAll(async () => {
  await host.stop();
  await removeArtifacts();
  await database.drop();
});

const QUERY = { app: 'shop', environment: 'production', versions: ['rel_a'] };

function total(rows: readonly VersionCounts[], what: 'requests' | 'errors'): number {
  return rows.reduce((sum, row) => sum + row[what], 0);
}

test('every request is counted once with its outcome, and an interval that was seen never changes', async () => {
  const code = `export const handler = async (event) => {
    if (event.rawPath === '/throws') throw new Error('no');
    return { statusCode: Number(event.rawPath.slice(1)) };
  };`;
  await deploy(host.functions, await versionOf('rel_a', code));
  const since = Date.now() - 1000;
  const seen = new Map<number, string>();
  const paths = ['/200', '/404', '/500', '/throws', '/200'];
  async function read(): Promise<readonly VersionCounts[]> {
    const rows = await host.functions.metrics.readCounts({ ...QUERY, since, until: Date.now() + 60_000 });
    for (const row of rows) {
      expect(seen.get(row.start) ?? JSON.stringify(row)).toBe(JSON.stringify(row));
      seen.set(row.start, JSON.stringify(row));
    }
    return rows;
  }
  let sent = 0;
  const end = Date.now() + 3000;
  while (Date.now() < end) {
    await Promise.all(paths.map(async (path) => (await fetch(`${host.url}/fn/production/shop${path}`)).arrayBuffer()));
    sent += 1;
    await read();
  }
  const rows = await until(read, (all) => total(all, 'requests') === sent * 5);
  expect(total(rows, 'errors')).toBe(sent * 2);
  expect(rows.map((row) => row.latency.reduce((sum, count) => sum + count, 0))).toEqual(
    rows.map(({ requests }) => requests),
  );
  expect(rows.every(({ start, end: until_ }) => start % 1000 === 0 && until_ === start + 1000)).toBe(true);
  const [summary] = await host.functions.metrics.summaries();
  expect(summary).toMatchObject({ app: 'shop', environment: 'production', errorShare: 0.4 });
  expect(summary?.requestsPerSecond).toBeCloseTo((sent * 5) / 60);
  expect(summary?.latencyP95).toBeGreaterThan(0);
});

test('an interval that one live host has not finished counting is not shown, and is whole when it is', async () => {
  const { db } = database;
  const metrics = createMetricsReader(db, TEST_BOUNDS);
  const start = Math.floor(Date.now() / 1000) * 1000 - 5000;
  const row = {
    app: 'two',
    environment: 'production',
    version: 'rel_a',
    start,
    requests: 3,
    errors: 1,
    latency: [3, 0],
  };
  const query = { ...QUERY, app: 'two', since: start, until: start + 1000 };
  const first = { id: 'slow', incarnation: 'slow#1' };
  await acknowledge(db, 'slow', { isFirst: true, aliases: [], versions: [], goneAliases: [], goneVersions: [] }, start);
  await storeCounts(db, { id: 'fast', incarnation: 'fast#1' }, [row], start + 1000);
  expect(await metrics.readCounts(query)).toEqual([]);
  await storeCounts(db, first, [{ ...row, requests: 4, errors: 0, latency: [1, 3] }], start + 1000);
  await storeCounts(db, first, [{ ...row, requests: 4, errors: 0, latency: [1, 3] }], start + 1000); // the same again
  expect(await metrics.readCounts(query)).toEqual([
    { version: 'rel_a', start, end: start + 1000, requests: 7, errors: 1, latency: [4, 3] },
  ]);
  expect(await metrics.readCounts({ ...query, since: start + 1 })).toEqual([]);
  await removeHost(db, 'slow');
});

test('counts older than a day are removed, younger ones stay', async () => {
  const { db } = database;
  const metrics = createMetricsReader(db, TEST_BOUNDS);
  const row = { app: 'old', environment: 'e', version: 'rel_a', requests: 1, errors: 0, latency: [1] };
  const hour = 3_600_000;
  const now = Math.floor(Date.now() / 1000) * 1000;
  const rows = [25 * hour, 23 * hour].map((age) => ({ ...row, start: now - age }));
  await storeCounts(db, { id: 'none', incarnation: 'none#1' }, rows, now);
  await pruneCounts(db);
  const kept = await metrics.readCounts({
    app: 'old',
    environment: 'e',
    versions: ['rel_a'],
    since: 0,
    until: now,
  });
  expect(kept.map(({ start }) => start)).toEqual([now - 23 * hour]);
});

test('a clock that is set back never reopens an interval that was taken', () => {
  let now = 10_500;
  const counters = createCounters(TEST_BOUNDS, () => now);
  const counter = counters.counterOf({ app: 'a', environment: 'e', version: 'v' });
  counter.count(false, 1);
  expect(counters.take(11_000).map(({ start }) => start)).toEqual([10_000]);
  now = 10_900;
  counter.count(true, 1);
  expect(counters.take(12_000)).toMatchObject([{ start: 11_000, requests: 1, errors: 1 }]);
  expect(counters.take(13_000)).toEqual([]);
});

test('a latency falls into the first bucket whose bound it does not exceed', () => {
  expect([0, 1, 1.1, 5, 999, 1000, 1001].map((value) => bucketOf(TEST_BOUNDS, value))).toEqual([0, 0, 1, 1, 6, 6, 7]);
});

test.each([
  [[0, 0, 0], 0.95, null],
  [[100, 0, 0], 0.5, 5],
  [[50, 50, 0], 0.95, 19],
  [[0, 0, 10], 0.5, 20],
])('of the counts %j below 10, 20 and above, the quantile %d is %s', (counts, share, value) => {
  expect(quantile([10, 20], counts, share)).toBe(value);
});
