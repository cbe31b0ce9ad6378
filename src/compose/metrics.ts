import { Counter, Histogram, type Registry } from 'prom-client';
import type { IntakeMetrics } from '../intake/index.ts';

/** Intake's counters on the process's registry. */
export function intakeMetrics(registry: Registry): IntakeMetrics {
  const received = new Counter({
    name: 'webhooks_received_total',
    help: 'Webhook requests by what became of them.',
    labelNames: ['source', 'event', 'outcome'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'webhook_request_duration_seconds',
    help: 'Time from a webhook request to its answer.',
    labelNames: ['source'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [registry],
  });
  const failures = new Counter({
    name: 'webhook_signature_failures_total',
    help: 'Webhook requests whose signature did not fit.',
    labelNames: ['source'],
    registers: [registry],
  });
  return {
    observe: (outcome, source, event, seconds) => {
      received.inc({ source, event, outcome });
      duration.observe({ source }, seconds);
    },
    signatureFailure: (source) => failures.inc({ source }),
  };
}
