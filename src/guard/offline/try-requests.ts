import { type Language, type Result, err, ok } from '../../kernel/index.ts';
import { createDecider } from '../decide.ts';
import { readState } from '../objects/read-state.ts';
import { subjectOf } from '../objects/subject.ts';
import type { Operation, Review } from '../review/review.ts';
import { parseReview } from '../review/parse-review.ts';
import { type Decided, decidedOf } from './decided.ts';
import type { ManifestFault } from './fault.ts';
import type { Manifest } from './manifest.ts';
import { type OfflineConfig, offlineRules } from './offline-rules.ts';
import { reviewOf } from './review-of.ts';
import { type Scene, createScene } from './scene.ts';

export interface TryOptions {
  readonly config: OfflineConfig;
  readonly language: Language;
  /** Where objects go that name no namespace. */
  readonly namespace: string;
  readonly user: Review['user'];
  /** `null`: UPDATE of an object that `old` or `against` has, CREATE of others. */
  readonly operation: Operation | null;
  /** What is in the cluster already. */
  readonly against: readonly Manifest[];
  /** Objects as they are before the request. */
  readonly old: readonly Manifest[];
}

/** Milliseconds: nothing has to be waited for. */
const DEADLINE_MS = 10_000;

/**
 * What the guard would say to each request, one after another: an object that was allowed is there for the next one. Reviews
 * are taken as they are; other objects are requests to create or change them.
 */
export async function tryRequests(
  manifests: readonly Manifest[],
  options: TryOptions,
): Promise<Result<readonly Decided[], readonly ManifestFault[]>> {
  const scene = createScene();
  for (const manifest of [...options.against, ...options.old]) place(scene, manifest, options.namespace);
  const { rules } = offlineRules(options.config.rules);
  const decider = createDecider({ config: { ...options.config, rules, language: options.language }, world: scene });
  const decided: Decided[] = [];
  const faults: ManifestFault[] = [];
  for (const [index, manifest] of manifests.entries()) {
    const request = requestOf(manifest, `test-${index + 1}`, options);
    if (!request.ok) {
      faults.push(request.error);
      continue;
    }
    const review = request.value;
    const decision = await decider.decide(review, AbortSignal.timeout(DEADLINE_MS));
    if (decision.kind === 'allowed' && review.operation === 'DELETE') removeFrom(scene, review);
    decided.push(decidedOf(review, decision));
  }
  return faults.length > 0 ? err(faults) : ok(decided);
}

export function isReview({ apiVersion, kind }: Pick<Manifest, 'apiVersion' | 'kind'>): boolean {
  return kind === 'AdmissionReview' || apiVersion.startsWith('admission.k8s.io/');
}

function requestOf(manifest: Manifest, uid: string, options: TryOptions): Result<Review, ManifestFault> {
  const { file, line } = manifest;
  if (isReview(manifest)) {
    const parsed = parseReview(manifest.object);
    if (parsed.ok) return parsed;
    return err({ code: 'review', values: { reason: parsed.error.message }, file, line });
  }
  const old = stateBefore(manifest, options);
  const operation = options.operation ?? (old === null ? 'CREATE' : 'UPDATE');
  if (operation === 'UPDATE' && old === null) {
    return err({ code: 'noOld', values: { object: `${manifest.kind}/${manifest.name ?? '-'}` }, file, line });
  }
  const { user, namespace } = options;
  return ok(reviewOf(manifest, { uid, operation, oldObject: operation === 'UPDATE' ? old : null, user, namespace }));
}

/** What `old` says, else what is in the cluster. A Scale is a part of its Deployment. */
function stateBefore(manifest: Manifest, { old, against, namespace }: TryOptions): Manifest['object'] | null {
  const before = [...old, ...against].filter((each) => isBefore(each, manifest, namespace));
  const found = before.find(({ kind }) => kind === manifest.kind) ?? before[0];
  if (found === undefined || found.kind === manifest.kind) return found?.object ?? null;
  const spec = found.object['spec'];
  const replicas: unknown = typeof spec === 'object' && spec !== null ? (Reflect.get(spec, 'replicas') ?? 1) : 1;
  return { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: manifest.object['metadata'], spec: { replicas } };
}

/** Whether `old` is the state before of an object; a Deployment is also that of its Scale. */
export function isBefore(old: Manifest, manifest: Manifest, namespace: string): boolean {
  const isKind = old.kind === manifest.kind || (manifest.kind === 'Scale' && old.kind === 'Deployment');
  return isKind && old.name === manifest.name && (old.namespace ?? namespace) === (manifest.namespace ?? namespace);
}

/** What can't be read is not there; of the files themselves it is told elsewhere. */
export function place(scene: Scene, manifest: Manifest, namespace: string): void {
  const review = reviewOf(manifest, { uid: '-', operation: 'CREATE', oldObject: null, user: NOBODY, namespace });
  const subject = subjectOf(review);
  if (typeof subject === 'string') return;
  const where = { namespace: review.namespace ?? namespace, name: manifest.name ?? '' };
  const read = readState(subject, manifest.object, where);
  if (read.ok && manifest.name !== null) scene.put(read.value);
}

const NOBODY = { name: '', groups: [] };

export function removeFrom(scene: Scene, review: Review): void {
  const subject = subjectOf(review);
  if (typeof subject !== 'string') scene.remove(subject.kind, review.namespace ?? '', review.name ?? '');
}
