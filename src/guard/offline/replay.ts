import type { Fault, Language } from '../../kernel/index.ts';
import { createDecider } from '../decide.ts';
import { readState } from '../objects/read-state.ts';
import { subjectOf } from '../objects/subject.ts';
import type { DecisionLabel } from '../port.ts';
import { parseReview } from '../review/parse-review.ts';
import type { JsonObject, Review } from '../review/review.ts';
import { LEFT_OUT, type LeftOut, type Recorded, readAuditEvent } from './audit-event.ts';
import { type Decided, decidedOf } from './decided.ts';
import { type ManifestFault, tellFault } from './fault.ts';
import { type Manifest, isObject } from './manifest.ts';
import { type OfflineConfig, offlineRules } from './offline-rules.ts';
import type { RecordLine } from './records.ts';
import { createScene } from './scene.ts';
import { place, removeFrom } from './try-requests.ts';

export interface ReplayOptions {
  readonly config: OfflineConfig;
  readonly language: Language;
  /** What was in the cluster before the first record. */
  readonly against: readonly Manifest[];
  readonly namespace: string;
}

export interface Replayed extends Omit<Decided, 'answer'> {
  readonly file: string;
  readonly line: number;
  /** `null`: not recorded. */
  readonly wasAllowed: boolean | null;
  readonly differs: boolean;
}

export interface ReplayReport {
  readonly records: number;
  readonly decisions: readonly Replayed[];
  readonly byDecision: Readonly<Partial<Record<DecisionLabel, number>>>;
  /** Records that could not be judged, by reason. */
  readonly left: Readonly<Partial<Record<LeftOut, number>>>;
  readonly faults: readonly Fault[];
}

/** Faults that are told; a log of something else has one a line. */
const MOST_FAULTS = 100;
const DEADLINE_MS = 10_000;

/**
 * What today's rules answer to recorded requests, in their order. The cluster is what `against` holds and what the records
 * themselves tell of it: an object that was let through then is there for the records after it.
 */
export async function replay(
  records: AsyncIterable<RecordLine | ManifestFault>,
  options: ReplayOptions,
): Promise<ReplayReport> {
  const { config, language } = options;
  const scene = createScene();
  for (const manifest of options.against) place(scene, manifest, options.namespace);
  const { rules } = offlineRules(config.rules);
  // What counts for the next record is what happened then, not what would have happened today.
  const world = { ...scene, reserve: () => {} };
  const decider = createDecider({ config: { ...config, rules, language }, world });
  const known = createMemory(options.against, options.namespace);
  const decisions: Replayed[] = [];
  const left = new Map<LeftOut, number>();
  const faults: Fault[] = [];
  let count = 0;

  async function decide({ review: recorded, wasAllowed, stored }: Recorded, { file, line }: RecordLine): Promise<void> {
    const oldObject = recorded.oldObject ?? known.get(recorded);
    const isUnknown = recorded.operation === 'UPDATE' && oldObject === null;
    const review = recorded.operation === 'UPDATE' ? { ...recorded, oldObject } : recorded;
    if (isUnknown) left.set('before', (left.get('before') ?? 0) + 1);
    else {
      if (review.oldObject !== null) remember({ ...review, object: review.oldObject });
      const decision = await decider.decide(review, AbortSignal.timeout(DEADLINE_MS));
      const { answer: _, ...decided } = decidedOf(review, decision);
      const differs = wasAllowed !== null && wasAllowed !== decided.allowed;
      decisions.push({ ...decided, file, line, wasAllowed, differs });
    }
    const wentOn = wasAllowed ?? decisions.at(-1)?.allowed ?? true;
    if (!wentOn || review.dryRun) return;
    if (review.operation === 'DELETE') forget(review);
    else remember({ ...review, object: stored ?? review.object });
  }

  function remember(review: Review): void {
    const subject = subjectOf(review);
    if (typeof subject === 'string' || review.object === null || review.name === null) return;
    const read = readState(subject, review.object, { namespace: review.namespace ?? '', name: review.name });
    if (!read.ok) return;
    scene.put(read.value);
    known.set(review);
  }

  function forget(review: Review): void {
    removeFrom(scene, review);
    known.delete(review);
  }

  for await (const record of records) {
    if ('code' in record) {
      if (faults.length < MOST_FAULTS) faults.push(tellFault(record, language));
      continue;
    }
    for (const value of eventsIn(record.value)) {
      count += 1;
      const read = readRecord(value);
      if (typeof read === 'string') left.set(read, (left.get(read) ?? 0) + 1);
      else if ('fault' in read) {
        const fault = { code: 'review', values: { reason: read.fault }, file: record.file, line: record.line } as const;
        if (faults.length < MOST_FAULTS) faults.push(tellFault(fault, language));
      } else await decide(read, record);
    }
  }
  return {
    records: count,
    decisions,
    byDecision: countBy(decisions.map(({ label }) => label)),
    left: Object.fromEntries(LEFT_OUT.flatMap((code) => (left.has(code) ? [[code, left.get(code)]] : []))),
    faults,
  };
}

/** `audit.k8s.io` writes lists of Events to a webhook, and single ones into a file. */
function eventsIn(value: unknown): readonly unknown[] {
  const isList = isObject(value) && value['kind'] === 'EventList' && Array.isArray(value['items']);
  return isList ? (value['items'] as readonly unknown[]) : [value];
}

function readRecord(value: unknown): Recorded | LeftOut | { readonly fault: string } {
  if (!isObject(value)) return 'foreign';
  const apiVersion = typeof value['apiVersion'] === 'string' ? value['apiVersion'] : '';
  if (apiVersion.startsWith('audit.k8s.io/') || (value['kind'] === 'Event' && 'auditID' in value)) {
    return readAuditEvent(value);
  }
  if (!apiVersion.startsWith('admission.k8s.io/') && value['kind'] !== 'AdmissionReview') return 'foreign';
  const parsed = parseReview(value);
  if (!parsed.ok) return { fault: parsed.error.message };
  const response = isObject(value['response']) ? value['response'] : {};
  const wasAllowed = typeof response['allowed'] === 'boolean' ? response['allowed'] : null;
  return { review: parsed.value, wasAllowed, stored: null };
}

/** Objects by their place, for updates of which only the new state is recorded. */
function createMemory(against: readonly Manifest[], namespace: string) {
  const objects = new Map<string, JsonObject>();
  const keyOf = ({ resource, subresource, namespace: where, name }: Review): string =>
    JSON.stringify([resource.resource, subresource, where, name]);
  for (const each of against) {
    const resource =
      each.kind === 'HorizontalPodAutoscaler' ? 'horizontalpodautoscalers' : `${each.kind.toLowerCase()}s`;
    objects.set(JSON.stringify([resource, null, each.namespace ?? namespace, each.name]), each.object);
  }
  return {
    get: (review: Review): JsonObject | null =>
      scaleIn(objects.get(deploymentKey(review))) ?? objects.get(keyOf(review)) ?? null,
    set(review: Review): void {
      const { object } = review;
      const deployment = objects.get(deploymentKey(review));
      if (object === null) return;
      if (deployment === undefined) objects.set(keyOf(review), object);
      // A Scale changes its Deployment: of the next update of that this is the state before.
      else objects.set(deploymentKey(review), withReplicas(deployment, object));
    },
    delete: (review: Review): boolean => objects.delete(keyOf(review)),
  };

  /** Of the Deployment behind a Scale; a key that nothing has for others. */
  function deploymentKey(review: Review): string {
    return review.subresource === 'scale' ? keyOf({ ...review, subresource: null }) : '';
  }
}

function scaleIn(deployment: JsonObject | undefined): JsonObject | null {
  if (deployment === undefined) return null;
  return { apiVersion: 'autoscaling/v1', kind: 'Scale', spec: { replicas: specOf(deployment)['replicas'] ?? 1 } };
}

function withReplicas(deployment: JsonObject, scale: JsonObject): JsonObject {
  return { ...deployment, spec: { ...specOf(deployment), replicas: specOf(scale)['replicas'] ?? 0 } };
}

function specOf(object: JsonObject): JsonObject {
  return isObject(object['spec']) ? object['spec'] : {};
}

function countBy(labels: readonly DecisionLabel[]): Readonly<Partial<Record<DecisionLabel, number>>> {
  const counts: Partial<Record<DecisionLabel, number>> = {};
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}
