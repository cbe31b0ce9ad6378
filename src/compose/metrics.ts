import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Agent, AgentMetrics } from '../agent/index.ts';
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

/** What became of agent tasks. */
export function agentMetrics(registry: Registry): AgentMetrics {
  const queued = new Counter({
    name: 'tasks_queued_total',
    help: 'Agent tasks that were stored.',
    labelNames: ['forge', 'kind', 'via'],
    registers: [registry],
  });
  const claimed = new Histogram({
    name: 'delivery_to_claim_seconds',
    help: 'Time from the delivery that caused an agent task to its first claim.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800],
    registers: [registry],
  });
  const ended = new Counter({
    name: 'tasks_ended_total',
    help: 'Agent tasks that came to an end, by how.',
    labelNames: ['state'],
    registers: [registry],
  });
  return {
    queued: (forge, kind, via) => queued.inc({ forge, kind, via }),
    claimed: (seconds) => claimed.observe(seconds),
    ended: (state) => ended.inc({ state }),
  };
}

/** How long the oldest task has been due without anybody taking it; asked for when it is scraped. */
export function watchTasks(registry: Registry, agent: Pick<Agent, 'progress'>): void {
  const overdue = new Gauge({
    name: 'tasks_overdue_seconds',
    help: 'Age of the oldest agent task that is due and that nobody has claimed; 0 when there is none.',
    registers: [registry],
    collect: async () => {
      // Not known is not zero, and not what it was before either.
      const progress = await agent.progress().catch(() => ({ overdue: Number.NaN }));
      overdue.set(progress.overdue / 1000);
    },
  });
}

/** Counts messages that a broker did not take. */
export function publishFailures(registry: Registry): () => void {
  const failures = new Counter({
    name: 'queue_publish_failures_total',
    help: 'Messages that the broker did not take; they stay in the outbox and are tried again.',
    registers: [registry],
  });
  return () => failures.inc();
}

/** Counts looks at repositories. */
export function pollOutcomes(registry: Registry): (source: string, outcome: string) => void {
  const polls = new Counter({
    name: 'polls_total',
    help: 'Looks at repositories of a source, by how they ended.',
    labelNames: ['source', 'outcome'],
    registers: [registry],
  });
  return (source, outcome) => polls.inc({ source, outcome });
}
