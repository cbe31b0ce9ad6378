import { type Result, assertNever, err, ok } from '../../kernel/index.ts';
import type { JsonObject, Review } from '../review/review.ts';
import { type ObjectFault, fault, isTooLong } from './field.ts';
import { nameOf } from './metadata.ts';
import { readBudget } from './read-budget.ts';
import { readDeployment } from './read-deployment.ts';
import { readHpa } from './read-hpa.ts';
import { readPodTemplate } from './read-pod-template.ts';
import { readScale } from './read-scale.ts';
import type { Change, PodTemplate, State } from './state.ts';
import type { Subject } from './subject.ts';

/** Where an object is, as the request or the list tells it; what the object says of it is not believed. */
export interface Place {
  readonly namespace: string;
  /** `''`: not chosen yet. */
  readonly name: string;
}

/**
 * Where the object of a review is. Kubernetes leaves the name of the request empty for `generateName`, but has written the
 * generated one into the object by the time validating webhooks see it.
 */
export function placeOf(review: Review): Place {
  return {
    namespace: review.namespace ?? '',
    name: review.name ?? (review.object === null ? '' : nameOf(review.object)),
  };
}

/** No node can run a pod with more; each of them is judged by each policy, twice. */
const MOST_CONTAINERS = 1000;

export function readState(subject: Subject, object: JsonObject, place: Place): Result<State, readonly ObjectFault[]> {
  const { namespace, name } = place;
  if (isTooLong(name)) return err([fault('metadata.name', 'faultTooLong', name)]);
  const read = readKind(subject, object, { namespace, name });
  return read.ok && hasTooManyContainers(read.value)
    ? err([fault('containers', 'faultTooManyContainers', undefined)])
    : read;
}

function hasTooManyContainers(state: State): boolean {
  return (podOf(state)?.containers.length ?? 0) > MOST_CONTAINERS;
}

function podOf(state: State): PodTemplate | null {
  return state.kind === 'deployment' || state.kind === 'workload' ? state.pod : null;
}

function readKind(
  subject: Subject,
  object: JsonObject,
  { namespace, name }: Place,
): Result<State, readonly ObjectFault[]> {
  switch (subject.kind) {
    case 'deployment':
      return map(readDeployment(object, namespace), (deployment) => ({
        kind: 'deployment',
        deployment: { ...deployment, name },
        pod: readPodTemplate(object, 'Deployment'),
      }));
    case 'scale':
      return map(readScale(object, namespace), (deployment) => ({
        kind: 'scale',
        deployment: { ...deployment, name },
      }));
    case 'hpa':
      return map(readHpa(object, namespace), (hpa) => ({ kind: 'hpa', hpa: { ...hpa, name } }));
    case 'budget':
      return map(readBudget(object, namespace), (budget) => ({ kind: 'budget', budget: { ...budget, name } }));
    case 'workload':
      return ok({
        kind: 'workload',
        object: { kind: subject.owner, namespace, name },
        pod: readPodTemplate(object, subject.owner),
      });
    default:
      return assertNever(subject);
  }
}

/** Both states of a review's object, or every fault of both. */
export function readChange(subject: Subject, review: Review): Result<Change, readonly ObjectFault[]> {
  if (review.object === null) return err([fault('object', 'faultMissing', undefined)]);
  const place = placeOf(review);
  const after = readState(subject, review.object, place);
  const old = review.operation === 'UPDATE' ? review.oldObject : null;
  const before = old === null ? ok(null) : readState(subject, old, place);
  const faults = [
    ...(after.ok ? [] : after.error),
    ...(before.ok ? [] : before.error.map((each) => ({ ...each, path: `oldObject.${each.path}` }))),
  ];
  return after.ok && before.ok ? ok({ before: before.value, after: after.value }) : err(faults);
}

function map<T>(
  read: Result<T, readonly ObjectFault[]>,
  to: (value: T) => State,
): Result<State, readonly ObjectFault[]> {
  return read.ok ? ok(to(read.value)) : read;
}
