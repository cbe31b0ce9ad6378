import { type Result, err, ok } from '../../kernel/index.ts';
import { isObject } from '../objects/field.ts';
import {
  type JsonObject,
  OPERATIONS,
  type Operation,
  REVIEW_VERSIONS,
  type Review,
  type ReviewVersion,
} from './review.ts';

/** Why a body is no review that can be answered. The message is for operators of the API server, in English. */
export interface ReviewFault {
  readonly code: 'malformed' | 'version';
  readonly message: string;
}

/** Faults told of one body; a hostile one has no more to say. */
const MOST_FAULTS = 20;

/** Notes what is wrong at a path and goes on, so that all is told at once. */
interface Notes {
  readonly faults: string[];
}

/** Checks the outer form of an AdmissionReview, not the objects in it. */
export function parseReview(body: unknown): Result<Review, ReviewFault> {
  if (!isObject(body))
    return err({ code: 'malformed', message: 'the body must be an AdmissionReview, as a JSON object' });
  const { apiVersion, kind } = body;
  const foreign = foreignVersion(apiVersion, kind);
  if (foreign !== null) return err({ code: 'version', message: foreign });

  const notes: Notes = { faults: [] };
  if (apiVersion === undefined || typeof apiVersion !== 'string') note(notes, 'apiVersion', apiVersion, 'a text');
  if (kind === undefined || typeof kind !== 'string') note(notes, 'kind', kind, 'a text');
  const request = body['request'];
  if (!isObject(request)) {
    note(notes, 'request', request, 'an object');
    return malformed(notes);
  }
  const review = readRequest(request, apiVersion as ReviewVersion, notes);
  return review === null || notes.faults.length > 0 ? malformed(notes) : ok(review);
}

function malformed(notes: Notes): Result<never, ReviewFault> {
  const more = notes.faults.length - MOST_FAULTS;
  const told = notes.faults.slice(0, MOST_FAULTS).join('; ');
  return err({ code: 'malformed', message: more > 0 ? `${told}; … and ${String(more)} more` : told });
}

function foreignVersion(apiVersion: unknown, kind: unknown): string | null {
  const knows = `the guard answers AdmissionReview of ${REVIEW_VERSIONS.join(' and ')}`;
  if (typeof apiVersion === 'string' && !isOneOf(REVIEW_VERSIONS, apiVersion)) {
    return `apiVersion is ${quoted(apiVersion)}; ${knows}`;
  }
  if (typeof kind === 'string' && kind !== 'AdmissionReview') return `kind is ${quoted(kind)}; ${knows}`;
  return null;
}

function readRequest(request: JsonObject, apiVersion: ReviewVersion, notes: Notes): Review | null {
  const uid = required(request, 'uid', 'request.uid', notes);
  const operation = operationOf(request, notes);
  const kind = partsOf(request, 'kind', 'kind', notes);
  const resource = partsOf(request, 'resource', 'resource', notes);
  const subresource = optional(request, 'subResource', 'request.subResource', notes);
  const namespace = optional(request, 'namespace', 'request.namespace', notes);
  const name = optional(request, 'name', 'request.name', notes);
  const user = userOf(request, notes);
  const object = optionalObject(request, 'object', notes);
  const oldObject = optionalObject(request, 'oldObject', notes);
  const dryRun = flag(request, 'dryRun', notes);
  if (uid === null || operation === null || kind === null || resource === null) return null;
  return {
    apiVersion,
    uid,
    kind: { group: kind.group, version: kind.version, kind: kind.last },
    resource: { group: resource.group, version: resource.version, resource: resource.last },
    subresource,
    namespace,
    name,
    operation,
    user,
    object,
    oldObject,
    dryRun,
  };
}

function operationOf(request: JsonObject, notes: Notes): Operation | null {
  const operation = required(request, 'operation', 'request.operation', notes);
  if (operation === null) return null;
  if (isOneOf(OPERATIONS, operation)) return operation;
  notes.faults.push(`request.operation must be one of ${OPERATIONS.join(', ')}, not ${quoted(operation)}`);
  return null;
}

/** `kind` and `resource`, whose last part has their own name. The group of the core is empty. */
function partsOf(
  request: JsonObject,
  field: 'kind' | 'resource',
  last: string,
  notes: Notes,
): { readonly group: string; readonly version: string; readonly last: string } | null {
  const parts = request[field];
  const path = `request.${field}`;
  if (!isObject(parts)) {
    note(notes, path, parts, 'an object');
    return null;
  }
  const group = optional(parts, 'group', `${path}.group`, notes);
  const version = required(parts, 'version', `${path}.version`, notes);
  const value = required(parts, last, `${path}.${last}`, notes);
  return version === null || value === null ? null : { group: group ?? '', version, last: value };
}

/** A user without a name is nobody whom a rule could exempt. */
function userOf(request: JsonObject, notes: Notes): Review['user'] {
  const info = optionalObject(request, 'userInfo', notes);
  if (info === null) return { name: '', groups: [] };
  const name = optional(info, 'username', 'request.userInfo.username', notes) ?? '';
  const groups: unknown = info['groups'] ?? [];
  if (Array.isArray(groups) && groups.every((group): group is string => typeof group === 'string'))
    return { name, groups };
  note(notes, 'request.userInfo.groups', groups, 'a list of texts');
  return { name, groups: [] };
}

function required(parent: JsonObject, field: string, path: string, notes: Notes): string | null {
  const value = parent[field];
  if (typeof value === 'string' && value !== '') return value;
  note(notes, path, value, 'a text that is not empty');
  return null;
}

/** An empty text is how Kubernetes writes that there is none. */
function optional(parent: JsonObject, field: string, path: string, notes: Notes): string | null {
  const value = parent[field];
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'string') return value;
  note(notes, path, value, 'a text');
  return null;
}

function optionalObject(request: JsonObject, field: string, notes: Notes): JsonObject | null {
  const value = request[field];
  if (value === undefined || value === null) return null;
  if (isObject(value)) return value;
  note(notes, `request.${field}`, value, 'an object');
  return null;
}

function flag(request: JsonObject, field: string, notes: Notes): boolean {
  const value = request[field];
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  note(notes, `request.${field}`, value, 'true or false');
  return false;
}

function note(notes: Notes, path: string, value: unknown, wanted: string): void {
  const missing = value === undefined;
  notes.faults.push(missing ? `${path} is missing` : `${path} must be ${wanted}, not ${kindOf(value)}`);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === '') return 'an empty text';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function quoted(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}

function isOneOf<T extends string>(all: readonly T[], value: string): value is T {
  return (all as readonly string[]).includes(value);
}
