import type { Generated } from 'kysely';

export type FunctionTables = {
  function_aliases: {
    /** Tells an alias from a later one of the same name. */
    identity: Generated<number>;
    kind: Generated<AliasKind>;
    app: string;
    environment: string;
    revision: Generated<number>;
    fence: Generated<number>;
    weights: Generated<unknown>;
    sticky: unknown;
    updated_at: Generated<Date>;
  };
  function_alias_history: {
    position: Generated<number>;
    app: string;
    environment: string;
    act: 'publish' | 'weights' | 'retire';
    key: string;
    fence: number;
    revision: number;
    weights: unknown;
    changed: boolean;
    at: Generated<Date>;
  };
  function_versions: {
    app: string;
    environment: string;
    version: string;
    digest: string;
    artifact: string;
    functions: unknown;
    variables: unknown;
    form: string;
    secrets: unknown;
    published_at: Generated<Date>;
  };
  function_hosts: { id: string; started: Generated<Date>; heartbeat: Generated<Date>; counted_until: Date };
  function_host_aliases: { host: string; app: string; environment: string; revision: number; weights: unknown };
  function_host_versions: {
    host: string;
    app: string;
    environment: string;
    version: string;
    status: VersionStatus;
    failure: string | null;
    instances: number;
  };
};

/** What an alias points to: releases of an application, or versions of a standalone function. */
export type AliasKind = 'release' | 'standalone';
export type VersionStatus = 'starting' | 'ready' | 'failed';

/** Channel of the notifications that tell hosts to look at the aliases. */
export const CHANNEL = 'funade_functions';
/** A host whose last heartbeat is older than this (of PostgreSQL's `interval`) counts as gone. */
export const FRESH = '5 seconds';
