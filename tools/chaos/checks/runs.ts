import type { Sent } from '../sender.ts';
import type { EventFact, Facts, RunFact } from '../store.ts';
import { type Finding, double, illegal, lost, repeated } from './finding.ts';

const ENDS = ['succeeded', 'failed', 'aborted', 'rolled_back', 'superseded', 'cancelled'];

/** Every accepted delivery has exactly one run, every run came from one, and every run ended as its stages did. */
export function checkRuns(facts: Facts, sent: readonly Sent[]): readonly Finding[] {
  return [
    ...sent.filter(({ accepted }) => accepted).flatMap((delivery) => checkDelivery(facts, delivery)),
    ...facts.runs.flatMap((run) => checkOrigin(sent, run)),
    ...facts.runs.flatMap((run) => checkEnd(facts, run)),
    ...checkReleases(facts),
  ];
}

function checkDelivery({ deliveries, runs }: Facts, { deliveryId, push, attempts }: Sent): readonly Finding[] {
  const name = `delivery ${deliveryId} of ${push.commit.sha.slice(0, 7)}`;
  const rows = deliveries.filter((row) => row.deliveryId === deliveryId);
  const own = runs.filter((run) => run.deliveryId === deliveryId);
  const findings: Finding[] = [];
  if (rows.length !== 1) findings.push(lost(`${name} is stored ${rows.length} times after ${attempts.join(' | ')}`));
  if (own.length === 0) findings.push(lost(`${name} was accepted and has no run: ${JSON.stringify(rows)}`));
  if (own.length > 1) findings.push(double(`${name} made ${own.length} runs: ${own.map(({ id }) => id).join(', ')}`));
  const told = rows.flatMap(({ runIds }) => runIds).join();
  if (told !== own.map(({ id }) => id).join()) findings.push(illegal(`${name} says that its runs are ${told}`));
  return findings;
}

function checkOrigin(sent: readonly Sent[], { id, deliveryId }: RunFact): readonly Finding[] {
  const isKnown = sent.some((delivery) => delivery.deliveryId === deliveryId);
  return isKnown ? [] : [double(`run ${id} belongs to no push: delivery ${deliveryId}`)];
}

function checkEnd({ events, rollouts }: Facts, run: RunFact): readonly Finding[] {
  const stages = run.stages.map(({ name, state }) => `${name} ${state}`).join(', ');
  if (!run.ended || !ENDS.includes(run.state)) return [lost(`run ${run.id} never ended: ${run.state}; ${stages}`)];
  const own = events.filter(({ subject }) => subject === run.id);
  const findings: Finding[] = [];
  const open = run.stages.filter(({ state }) => ['pending', 'running', 'waiting'].includes(state));
  const bad = run.stages.find(({ state }) => !['succeeded', 'skipped'].includes(state));
  if (open.length > 0) findings.push(illegal(`run ${run.id} ended as ${run.state} with open stages: ${stages}`));
  if (run.state !== (bad?.state ?? 'succeeded')) findings.push(illegal(`run ${run.id} is ${run.state}: ${stages}`));
  for (const stage of run.stages) {
    const phase = rollouts.find(({ id }) => id === stage.rollout)?.phase;
    if (phase === undefined || stageStateOf(phase) === stage.state) continue;
    findings.push(illegal(`run ${run.id}: ${stage.name} is ${stage.state}, its rollout ${phase}`));
  }
  return [...findings, ...checkEvents(run.id, own)];
}

function stageStateOf(phase: string): string {
  if (phase === 'cancelled') return 'aborted';
  return phase === 'rollback_failed' ? 'failed' : phase;
}

/** A run is queued, started, planned and ended once, and so is each of its stages. */
function checkEvents(id: string, events: readonly EventFact[]): readonly Finding[] {
  const once = ['run.queued', 'run.started', 'run.planned', 'run.ended'];
  const missing = once.filter((kind) => kind !== 'run.planned' && !events.some((event) => event.kind === kind));
  const moments = events
    .filter(({ kind }) => once.includes(kind) || kind === 'stage.ended')
    .map(({ kind, data }) => (kind === 'stage.ended' ? `${kind} ${JSON.stringify(data['stage'])}` : kind));
  return [
    ...missing.map((kind) => illegal(`run ${id} has no event ${kind}`)),
    ...repeated(moments).map(([moment, count]) => double(`run ${id}: ${moment} is told ${count} times`)),
  ];
}

/** The same content is one release; a run seals one release once; numbers count up without gaps. */
function checkReleases({ releases, events }: Facts): readonly Finding[] {
  const sealed = events
    .filter(({ kind }) => kind === 'release.sealed')
    .map(({ subject, data }) => `${subject} by ${String(data['runId'])}`);
  const gaps = releases.filter(({ number }, index) => number !== index + 1);
  return [
    ...repeated(releases.map(({ sha }) => sha)).map(([sha, count]) => double(`commit ${sha} is ${count} releases`)),
    ...repeated(sealed).map(([what, count]) => double(`release ${what} is told as sealed ${count} times`)),
    ...gaps.map(({ id, number }) => illegal(`release ${id} has number ${number}: the numbers have a gap`)),
  ];
}
