import { expect, test } from 'vitest';
import { GUARD_ERROR_CODES } from './errors.ts';
import { createGuardMetrics } from './metrics.ts';

test('every counter stands at 0 from the start, for each label that is known', async () => {
  const text = await createGuardMetrics({ policies: ['singleReplicaUnderHpa'] }).text();
  expect(text).toContain('webhook_requests_total{operation="CREATE",kind="Deployment",decision="denied"} 0');
  expect(text).toContain('webhook_requests_total{operation="UPDATE",kind="Scale",decision="uncertain"} 0');
  for (const code of GUARD_ERROR_CODES) expect(text).toContain(`webhook_validation_errors_total{code="${code}"} 0`);
  expect(text).toContain('guard_existing_violations_total{policy="singleReplicaUnderHpa"} 0');
  expect(text).toContain('guard_bypasses_total{reason="annotation"} 0');
  expect(text).toContain('guard_certificate_reloads_total{outcome="refused"} 0');
  expect(text).toContain('webhook_request_duration_seconds_bucket{le="0.0005"} 0');
  expect(text).toContain('webhook_request_duration_seconds_bucket{le="5"} 0');
  expect(text).toMatch(/^nodejs_eventloop_lag_seconds /m);
});

test('what is not known is counted as other, so that series stay few', async () => {
  const metrics = createGuardMetrics({ policies: ['duplicateHpa'] });
  for (let count = 0; count < 1000; count += 1) {
    metrics.decided({ operation: `O${count}`, kind: `K${count}`, decision: 'skipped' }, 0.001);
    metrics.failed(`code${count}`);
    metrics.existing(`policy${count}`);
    metrics.bypassed(`reason${count}`);
    metrics.called(`verb${count}`, `outcome${count}`);
  }
  const text = await metrics.text();
  expect(text).toContain('webhook_requests_total{operation="other",kind="other",decision="skipped"} 1000');
  expect(text).toContain('webhook_validation_errors_total{code="other"} 1000');
  expect(text).toContain('guard_existing_violations_total{policy="other"} 1000');
  expect(text).toContain('guard_bypasses_total{reason="other"} 1000');
  expect(text.split('\n').filter((line) => line.startsWith('guard_api_calls_total{')).length).toBeLessThan(50);
});

test('values of sources are read when somebody looks, and have no series while there are none', async () => {
  const metrics = createGuardMetrics();
  let age: number | null = null;
  let violations: ReadonlyMap<string, number> = new Map([['shop', 2]]);
  metrics.observe({ cacheAgeSeconds: () => age });
  metrics.observe({ violations: () => violations, certificateNotAfter: () => 1_900_000_000, connections: () => 4 });
  const before = await metrics.text();
  expect(before).not.toMatch(/^guard_cache_age_seconds /m);
  expect(before).toContain('guard_violations{namespace="shop"} 2');
  expect(before).toContain('guard_certificate_not_after_timestamp_seconds 1900000000');
  expect(before).toContain('guard_connections 4');
  age = 1.5;
  violations = new Map([['other-shop', 1]]);
  const after = await metrics.text();
  expect(after).toContain('guard_cache_age_seconds 1.5');
  expect(after).not.toContain('namespace="shop"');
});

test('thousands of namespaces with violations are summed up beyond the first ones', async () => {
  const metrics = createGuardMetrics();
  const violations = new Map(Array.from({ length: 2000 }, (_, index) => [`n${index}`, 1]));
  metrics.observe({ violations: () => violations });
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('guard_violations{'));
  expect(lines).toHaveLength(501);
  expect(lines).toContain('guard_violations{namespace="other"} 1500');
});
