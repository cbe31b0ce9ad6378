import { expect, test } from 'vitest';
import type { MetricsQuery } from '../rollouts/port.ts';
import { createEmbeddedMetrics, createNoopMetrics } from './index.ts';

const QUERY: MetricsQuery = {
  app: 'shop',
  environment: 'production',
  metric: 'error-rate',
  candidate: 'rel_b',
  stable: 'rel_a',
  since: 0,
  until: 10_000,
};
const ROW = { start: 1000, end: 2000, requests: 5, errors: 1, latency: [5] };

test('rows are told apart by version, and a version without requests has no interval', async () => {
  const rows = [
    { ...ROW, version: 'rel_a' },
    { ...ROW, version: 'rel_a', start: 2000, end: 3000 },
  ];
  const reading = await createEmbeddedMetrics({ readCounts: () => Promise.resolve(rows) }).read(QUERY);
  expect(reading).toEqual({ kind: 'counts', candidate: [], stable: [ROW, { ...ROW, start: 2000, end: 3000 }] });
});

test('no request at all is no data, and without a stable version only the candidate is asked for', async () => {
  let asked: readonly string[] = [];
  const metrics = createEmbeddedMetrics({
    readCounts: ({ versions }) => {
      asked = versions;
      return Promise.resolve([]);
    },
  });
  expect(await metrics.read({ ...QUERY, stable: null })).toMatchObject({ kind: 'no_data' });
  expect(asked).toEqual(['rel_b']);
});

test('a database that is away and a metric that is unknown are provider errors, never data', async () => {
  const metrics = createEmbeddedMetrics({ readCounts: () => Promise.reject(new Error('connection refused')) });
  expect(await metrics.read(QUERY)).toEqual({ kind: 'provider_error', reason: 'connection refused' });
  expect(await metrics.read({ ...QUERY, metric: 'mood' })).toMatchObject({ kind: 'provider_error' });
});

test('the noop provider has no data unless it is told what to read', async () => {
  expect(await createNoopMetrics().read(QUERY)).toMatchObject({ kind: 'no_data' });
  const told = createNoopMetrics(() => Promise.resolve({ kind: 'counts', candidate: [ROW], stable: [] }));
  expect(await told.read(QUERY)).toMatchObject({ kind: 'counts', candidate: [ROW] });
});
