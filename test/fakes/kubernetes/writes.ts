import { type AdmissionCaller, type Attributes, type FakeWebhook, reviewed } from './admission.ts';
import { REASONS, statusOf } from './faults.ts';
import type { Place } from './kinds.ts';
import type { FakeObject, FakeObjects } from './objects.ts';

export interface WriteRequest {
  readonly place: Place;
  readonly method: string;
  readonly body: FakeObject;
  readonly user: { readonly username: string; readonly groups: readonly string[] };
  readonly dryRun: boolean;
}

export interface Written {
  readonly status: number;
  readonly body: FakeObject;
  readonly warnings: readonly string[];
}

interface Means {
  readonly objects: FakeObjects;
  readonly admission: AdmissionCaller;
  webhook(): FakeWebhook | null;
}

/** Tries of a patch that met another write. */
const TRIES = 5;

/** One write as an API server does it: defaults, admission, then the comparison of versions. */
export async function write(means: Means, request: WriteRequest): Promise<Written> {
  switch (request.method) {
    case 'POST':
      return create(means, request);
    case 'PUT':
    case 'PATCH':
      return update(means, request, TRIES);
    default:
      return remove(means, request);
  }
}

async function create(means: Means, request: WriteRequest): Promise<Written> {
  const { place, body } = request;
  const namespace = place.namespace ?? 'default';
  const name: string = body.metadata?.name ?? `${body.metadata?.generateName ?? ''}${Date.now().toString(36)}`;
  if (means.objects.find(place.kind, namespace, name)) return failed(409, 'AlreadyExists', `${name} already exists`);
  const object = withDefaults({ ...body, kind: place.kind.kind, metadata: { ...body.metadata, namespace, name } });
  const admitted = await means.admission.admit(
    means.webhook(),
    attributesOf(request, { operation: 'CREATE', name, object, oldObject: null }),
  );
  if (!admitted.allowed) return failed(admitted.code, admitted.reason, admitted.message, admitted.warnings);
  if (means.objects.find(place.kind, namespace, name)) return failed(409, 'AlreadyExists', `${name} already exists`);
  const stored = request.dryRun ? object : means.objects.put(object);
  return { status: 201, body: reviewed(stored, place.kind, place.version), warnings: admitted.warnings };
}

async function update(means: Means, request: WriteRequest, tries: number): Promise<Written> {
  const { place, method, body } = request;
  const { kind, name, namespace } = place;
  const old = means.objects.find(kind, namespace ?? '', name ?? '');
  if (old === undefined) return failed(404, 'NotFound', `${kind.resource} "${name}" not found`);
  const wanted = body.metadata?.resourceVersion;
  if (wanted !== undefined && wanted !== old.metadata.resourceVersion) return conflict(name);
  const object = place.subresource === 'scale' ? scaled(old, body) : changed(old, body, method);
  if (method === 'PATCH' && JSON.stringify(object) === JSON.stringify(old)) {
    return { status: 200, body: shown(place, old), warnings: [] };
  }
  const sides =
    place.subresource === 'scale' ? { object: scaleOf(object), oldObject: scaleOf(old) } : { object, oldObject: old };
  const admitted = await means.admission.admit(
    means.webhook(),
    attributesOf(request, { operation: 'UPDATE', name: name ?? '', ...sides }),
  );
  if (!admitted.allowed) return failed(admitted.code, admitted.reason, admitted.message, admitted.warnings);
  const now = means.objects.find(kind, namespace ?? '', name ?? '');
  if (now?.metadata.resourceVersion !== old.metadata.resourceVersion) {
    return wanted === undefined && tries > 1 ? update(means, request, tries - 1) : conflict(name);
  }
  return { status: 200, body: shown(place, commit(means, request, object)), warnings: admitted.warnings };
}

function commit({ objects }: Means, { place, dryRun }: WriteRequest, object: FakeObject): FakeObject {
  if (dryRun) return object;
  const isOver = object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0;
  if (!isOver) return objects.put(object);
  return objects.remove(place.kind, object.metadata.namespace, object.metadata.name) ?? object;
}

async function remove(means: Means, request: WriteRequest): Promise<Written> {
  const { place } = request;
  const { kind, namespace, name } = place;
  const old = means.objects.find(kind, namespace ?? '', name ?? '');
  if (old === undefined) return failed(404, 'NotFound', `${kind.resource} "${name}" not found`);
  const admitted = await means.admission.admit(
    means.webhook(),
    attributesOf(request, { operation: 'DELETE', name: name ?? '', object: null, oldObject: old }),
  );
  if (!admitted.allowed) return failed(admitted.code, admitted.reason, admitted.message, admitted.warnings);
  const waits = (old.metadata.finalizers ?? []).length > 0;
  if (waits) means.objects.put({ ...old, metadata: { ...old.metadata, deletionTimestamp: new Date().toISOString() } });
  else means.objects.remove(kind, namespace ?? '', name ?? '');
  return { status: 200, body: { kind: 'Status', apiVersion: 'v1', status: 'Success' }, warnings: admitted.warnings };
}

function attributesOf(
  { place, user, dryRun }: WriteRequest,
  of: Pick<Attributes, 'operation' | 'name' | 'object' | 'oldObject'>,
): Attributes {
  const { kind, version, namespace, subresource } = place;
  const inVersion = (object: FakeObject) =>
    object === null || subresource !== null ? object : reviewed(object, kind, version);
  return {
    ...of,
    object: inVersion(of.object),
    oldObject: inVersion(of.oldObject),
    kind,
    version,
    subresource,
    namespace: namespace ?? 'default',
    user,
    dryRun,
  };
}

/** What the API server fills in before it asks webhooks. */
function withDefaults(object: FakeObject): FakeObject {
  const spec = object.spec ?? {};
  if (object.kind === 'Deployment') return { ...object, spec: { ...spec, replicas: spec.replicas ?? 1 } };
  if (object.kind === 'HorizontalPodAutoscaler') {
    return { ...object, spec: { ...spec, minReplicas: spec.minReplicas ?? 1 } };
  }
  return object;
}

function changed(old: FakeObject, body: FakeObject, method: string): FakeObject {
  const merged = method === 'PATCH' ? merge(old, body) : { ...body, metadata: { ...old.metadata, ...body.metadata } };
  return withDefaults({ ...merged, kind: old.kind });
}

function scaled(old: FakeObject, body: FakeObject): FakeObject {
  return { ...old, spec: { ...old.spec, replicas: body.spec?.replicas ?? 0 } };
}

/** A Scale leaves out 0. */
export function scaleOf({ metadata, spec }: FakeObject): FakeObject {
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion },
    spec: spec.replicas === 0 ? {} : { replicas: spec.replicas },
    status: { replicas: spec.replicas },
  };
}

function shown(place: Place, object: FakeObject): FakeObject {
  return place.subresource === 'scale' ? scaleOf(object) : reviewed(object, place.kind, place.version);
}

/** RFC 7396. */
function merge(old: FakeObject, patch: FakeObject): FakeObject {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result = { ...(typeof old === 'object' && old !== null && !Array.isArray(old) ? old : {}) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}

function conflict(name: string | null): Written {
  return failed(409, REASONS[409] ?? 'Conflict', `${name}: the object has been modified`);
}

function failed(status: number, reason: string, message: string, warnings: readonly string[] = []): Written {
  return { status, body: statusOf(status, reason, message), warnings };
}
