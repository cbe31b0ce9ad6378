import type {
  EventInvocation,
  ListedInvocation,
  Session,
  StandaloneAlias,
  StandaloneFunction,
  StandaloneVersion,
} from '../../functions/index.ts';
import { LANGUAGE_TITLE } from '../../functions/index.ts';
import type {
  FunctionAliasView,
  FunctionInvocationView,
  FunctionVersionView,
  FunctionView,
  ListedInvocationView,
} from '../contract/index.ts';

export function functionViewOf(found: StandaloneFunction, form: StandaloneVersion['form']): FunctionView {
  const { name, runtime, description, parameters, examples, latest, createdBy } = found;
  const title = LANGUAGE_TITLE.test(name) ? name.slice(name.indexOf('-') + 1) : name;
  return {
    name,
    language_title: LANGUAGE_TITLE.test(name) ? name : null,
    language: runtime,
    title,
    type: form === 'script' ? 'session' : 'function',
    description,
    schema: (parameters ?? null) as Record<string, unknown> | null,
    examples: [...examples],
    version: latest,
    user_id: createdBy,
    created_at: iso(found.createdAt),
    updated_at: iso(found.updatedAt),
  };
}

export function versionViewOf(version: StandaloneVersion): FunctionVersionView {
  const { number, digest, form, config, fault, publishedAt, publishedBy } = version;
  return { number, digest, form, config: { ...config }, fault, publishedAt, publishedBy };
}

export function aliasViewOf(alias: StandaloneAlias): FunctionAliasView {
  return { ...alias, weights: alias.weights.map((weight) => ({ ...weight })), sticky: alias.sticky };
}

export function sessionViewOf(session: Session) {
  return {
    request_id: session.id,
    language_title: session.languageTitle,
    version: session.version,
    status: session.state,
    created_at: iso(session.createdAt),
    expires_at: iso(session.expiresAt),
    last_used_at: session.lastUsedAt === null ? null : iso(session.lastUsedAt),
    execution_count: session.executions,
    error_count: session.errors,
  };
}

export function invocationViewOf(row: EventInvocation): FunctionInvocationView {
  return { ...listedInvocationViewOf(row), payload: row.payload };
}

export function listedInvocationViewOf(row: ListedInvocation): ListedInvocationView {
  const { id, name, qualifier, state, attempts, failure } = row;
  return {
    ...{ id, name, qualifier, state, attempts, failure: failure === null ? null : { ...failure } },
    requestedBy: row.requested_by,
    requestedAt: row.requested_at.getTime(),
    finishedAt: row.finished_at?.getTime() ?? null,
  };
}

export function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
