import type { StandaloneAlias, StandaloneFunction, StandaloneVersion } from './port.ts';
import type * as store from './store.ts';

export function functionOf(row: store.FunctionRow): StandaloneFunction {
  const { name, runtime, description, parameters, examples, latest, created_by: createdBy } = row;
  const times = { createdAt: row.created_at.getTime(), updatedAt: row.updated_at.getTime() };
  return { name, runtime, description, parameters: parameters ?? null, examples, latest, createdBy, ...times };
}

export function versionOf(row: store.VersionRow): StandaloneVersion {
  const { function: name, number, digest, form, config, fault, published_by: publishedBy } = row;
  return { name, number, digest, form, config, fault, publishedBy, publishedAt: row.published_at.getTime() };
}

export function aliasOf(name: string, row: store.StoredAlias): StandaloneAlias {
  const { revision, weights, sticky } = row;
  return {
    function: name,
    name: row.name,
    revision: Number(revision),
    weights,
    sticky,
    updatedAt: row.updated_at.getTime(),
  };
}
