import type { Result } from '../../kernel/index.ts';
import { readDeployment } from '../objects/read-deployment.ts';
import { readHpa } from '../objects/read-hpa.ts';
import type { Deployment, Hpa } from '../objects/state.ts';
import type { JsonObject } from '../review/review.ts';
import type { Entry } from './cache.ts';
import { NO_LABELS } from './sameness.ts';
import { isObject } from './status.ts';

/** `null`: the object can't be read. */
export type Project<T> = (object: JsonObject) => Entry<T> | null;

/** Labels of pods are kept only where a policy reads them: they are the largest part. */
export function projectDeployment(withLabels: boolean): Project<Deployment> {
  const intern = createInterner();
  return (object) => {
    const named = namedOf(object);
    if (named === null) return null;
    const deployment = valueOf(readDeployment(object, intern(named.namespace)));
    if (deployment === null) return null;
    const podLabels = withLabels ? deployment.podLabels : NO_LABELS;
    return { value: { ...deployment, podLabels }, version: named.version };
  };
}

export function projectHpa(): Project<Hpa> {
  const intern = createInterner();
  return (object) => {
    const named = namedOf(object);
    if (named === null) return null;
    const namespace = intern(named.namespace);
    const hpa = valueOf(readHpa(object, namespace));
    if (hpa === null) return null;
    const { group, kind, name } = hpa.target;
    const target = { namespace, group: intern(group), kind: intern(kind), name };
    return { value: { ...hpa, target }, version: named.version };
  };
}

export interface NamedObject {
  readonly namespace: string;
  readonly name: string;
  readonly version: number;
}

export function namedOf(object: JsonObject): NamedObject | null {
  const metadata = object['metadata'];
  if (!isObject(metadata)) return null;
  const { namespace, name, resourceVersion } = metadata;
  if (typeof namespace !== 'string' || typeof name !== 'string') return null;
  const version = Number(resourceVersion);
  return { namespace, name, version: Number.isSafeInteger(version) ? version : 0 };
}

function valueOf<T, E>(result: Result<T, E>): T | null {
  return result.ok ? result.value : null;
}

const INTERNED = 20_000;

/** One string for equal ones: names of namespaces and kinds come with every object. */
function createInterner(): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    if (known.size >= INTERNED) known.clear();
    known.set(text, text);
    return text;
  };
}
