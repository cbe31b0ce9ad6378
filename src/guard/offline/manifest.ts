import type { JsonObject } from '../review/review.ts';
import type { ManifestFault } from './fault.ts';
import type { Path, TextDocument } from './read-documents.ts';

/** One object of Kubernetes as it was written, and where. */
export interface Manifest {
  readonly file: string;
  /** Number of the document in its file; 1 for the first one. */
  readonly document: number;
  /** First line of the object. */
  readonly line: number;
  readonly object: JsonObject;
  readonly apiVersion: string;
  readonly kind: string;
  /** `null`: only `generateName` is given. */
  readonly name: string | null;
  /** As written; `null`: none. */
  readonly namespace: string | null;
  /** Line of what stands at a path of the object, or of the nearest part around it. */
  lineOf(path: Path): number;
}

export interface Manifests {
  readonly manifests: readonly Manifest[];
  readonly faults: readonly ManifestFault[];
  /** Documents with neither `apiVersion` nor `kind`: values of a chart, settings of other tools. */
  readonly foreign: number;
}

interface Gathered {
  readonly manifests: Manifest[];
  readonly faults: ManifestFault[];
  foreign: number;
}

interface Part {
  readonly file: string;
  readonly document: TextDocument;
  readonly value: unknown;
  readonly path: Path;
  /** What the list around it says of its items, which need not repeat it. */
  readonly implied: { readonly apiVersion: string | null; readonly kind: string | null };
}

/** The objects of documents; lists are opened, also inside lists. */
export function manifestsOf(file: string, documents: readonly TextDocument[]): Manifests {
  const gathered: Gathered = { manifests: [], faults: [], foreign: 0 };
  for (const document of documents) {
    gather({ file, document, value: document.value, path: [], implied: { apiVersion: null, kind: null } }, gathered);
  }
  return gathered;
}

function gather(part: Part, into: Gathered): void {
  const { file, document, value, path } = part;
  const line = document.lineOf(path);
  if (!isObject(value)) {
    const found = `\`${(JSON.stringify(value) ?? '').slice(0, 40)}\``;
    into.faults.push({ code: 'notAnObject', values: { document: document.number, found }, file, line });
    return;
  }
  const apiVersion = textOf(value['apiVersion']) ?? part.implied.apiVersion;
  const kind = textOf(value['kind']) ?? part.implied.kind;
  if (apiVersion === null && kind === null) {
    into.foreign += 1;
    return;
  }
  if (apiVersion === null || kind === null) {
    const missing = kind === null ? 'kind' : 'apiVersion';
    into.faults.push({ code: 'noKind', values: { document: document.number, missing }, file, line });
    return;
  }
  if (kind.endsWith('List') && 'items' in value)
    return openList(part, { apiVersion, kind, items: value['items'] }, into);
  addObject(part, { object: { ...value, apiVersion, kind }, apiVersion, kind }, into);
}

function openList(
  part: Part,
  list: { readonly apiVersion: string; readonly kind: string; readonly items: unknown },
  into: Gathered,
): void {
  const { file, document, path } = part;
  if (!Array.isArray(list.items)) {
    const line = document.lineOf([...path, 'items']);
    into.faults.push({ code: 'badList', values: { kind: list.kind }, file, line });
    return;
  }
  // `DeploymentList` of the API leaves out what its items are; `List` of kubectl does not.
  const itemKind = list.kind.slice(0, -'List'.length);
  const implied = itemKind === '' ? { apiVersion: null, kind: null } : { apiVersion: list.apiVersion, kind: itemKind };
  for (const [index, value] of (list.items as readonly unknown[]).entries()) {
    gather({ file, document, value, path: [...path, 'items', index], implied }, into);
  }
}

function addObject(
  { file, document, path }: Part,
  { object, apiVersion, kind }: { readonly object: JsonObject; readonly apiVersion: string; readonly kind: string },
  into: Gathered,
): void {
  const line = document.lineOf(path);
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  const name = textOf(metadata['name']);
  // Settings of tools that look like objects (`kind: Kustomization`, kubeconfig) have no name.
  if (name === null && textOf(metadata['generateName']) === null && isJudged(kind)) {
    into.faults.push({ code: 'noName', values: { kind }, file, line });
    return;
  }
  into.manifests.push({
    file,
    document: document.number,
    line,
    object,
    apiVersion,
    kind,
    name,
    namespace: textOf(metadata['namespace']),
    lineOf: (inner) => document.lineOf([...path, ...inner]),
  });
}

/** Kinds that policies look at. */
const JUDGED_KINDS: readonly string[] = [
  'Deployment',
  'HorizontalPodAutoscaler',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'Job',
  'CronJob',
  'Pod',
  'PodDisruptionBudget',
];

function isJudged(kind: string): boolean {
  return JUDGED_KINDS.includes(kind);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
