import { FunadeError } from '../../kernel/index.ts';
import { arnOf } from '../aliases/arn.ts';
import type { Host, RoutedAlias } from '../hosting/host.ts';
import type { HostedFunction } from '../hosting/hosted-function.ts';
import type { PinnedVersion, StandaloneVersions } from '../hosting/standalone-versions.ts';
import { type Outcome, isVersionError } from '../outcome.ts';
import type { Call, Caller, StreamSink } from '../pools/call.ts';
import { LATEST } from '../standalone/port.ts';
import type { ResultCache } from './result-cache.ts';

/** A call with an event, by the name of a function. */
export interface Invocation {
  readonly requestId: string;
  /** A standalone function, or `{app}-{function}` of an application. */
  readonly name: string;
  /** Alias or number of a standalone function, environment of an application's; null: `$LATEST`. */
  readonly qualifier: string | null;
  /** The event as JSON; empty: `{}`. */
  readonly body: Buffer;
  readonly clientContext?: unknown;
  /** Caller's key where an alias keeps callers on one version. */
  readonly stickyKey?: string | undefined;
  /** Calls with the same key go to the same instance for as long as it is up. */
  readonly affinity?: string;
  readonly sink?: StreamSink;
  readonly heard?: (line: string) => void;
  readonly caller: Caller;
}

export interface Invoked {
  readonly outcome: Outcome;
  readonly version: string;
  /** `{name}/{qualifier}` as it was routed. */
  readonly alias: string;
  /** Milliseconds. */
  readonly duration: number;
  /** The result is one that was kept. */
  readonly cached: boolean;
}

export interface Invoker {
  /** Throws `FUN_NOT_FOUND` for a name or qualifier that is none, and `FUN_UNAVAILABLE` where no version takes traffic yet. */
  invoke(invocation: Invocation): Promise<Invoked>;
  /** Whether the call would reach a version: what DryRun asks. Throws as `invoke` does. */
  check(name: string, qualifier: string | null): Promise<void>;
}

export interface InvokerOptions {
  readonly host: Host;
  readonly standalone: StandaloneVersions;
  readonly cache: ResultCache;
}

interface Destination {
  readonly version: PinnedVersion;
  readonly called: HostedFunction;
  readonly alias: string;
  readonly qualifier: string;
}

const NUMBER = /^[1-9]\d{0,8}$/;

export function createInvoker({ host, standalone, cache }: InvokerOptions): Invoker {
  async function find(name: string, qualifier: string | null, stickyKey?: string): Promise<Destination> {
    const wanted = qualifier ?? LATEST;
    if (NUMBER.test(wanted)) return findNumber(name, wanted);
    const alias = host.route(`${name}/${wanted}`);
    if (alias?.kind === 'standalone') return choose(alias, 'main', stickyKey);
    return findInApplication(name, wanted, stickyKey);
  }

  async function findNumber(name: string, number: string): Promise<Destination> {
    const version = await standalone.pin(name, number);
    const called = version?.deployment().functions.get('main');
    if (version === undefined || called === undefined) throw notFound(`${name}:${number}`);
    return { version, called, alias: `${name}/${number}`, qualifier: number };
  }

  /** A name may be cut at any of its hyphens into application and function. */
  function findInApplication(name: string, environment: string, stickyKey: string | undefined): Destination {
    for (let cut = name.indexOf('-'); cut > 0; cut = name.indexOf('-', cut + 1)) {
      const alias = host.route(`${name.slice(0, cut)}/${environment}`);
      if (alias?.kind !== 'release') continue;
      const functionName = name.slice(cut + 1);
      const isThere = [...alias.versions.values()].some((each) => each.deployment().functions.has(functionName));
      if (isThere) return choose(alias, functionName, stickyKey);
    }
    throw notFound(environment === LATEST ? name : `${name}:${environment}`);
  }

  function choose(alias: RoutedAlias, functionName: string, stickyKey: string | undefined): Destination {
    const id = alias.chooser.choose(stickyKey);
    const version = id === undefined ? undefined : alias.versions.get(id);
    if (version === undefined) {
      throw new FunadeError('FUN_UNAVAILABLE', { reason: `no version of ${alias.name} takes traffic yet` });
    }
    const called = version.deployment().functions.get(functionName);
    if (called === undefined) throw notFound(`${functionName} in version ${version.id} of ${alias.name}`);
    return { version, called, alias: alias.name, qualifier: alias.environment };
  }

  return {
    check: async (name, qualifier) => {
      await find(name, qualifier);
    },
    invoke: async (invocation) => {
      const { name, stickyKey } = invocation;
      const { version, called, alias, qualifier } = await find(name, invocation.qualifier, stickyKey);
      const told = { version: version.id, alias };
      // Looking a number up takes a moment; what is made after the host has stopped would never be taken down.
      if (!host.isAccepting()) return { ...told, outcome: { kind: 'shutting_down' }, duration: 0, cached: false };
      const isCached = called.config.cache > 0 && invocation.clientContext === undefined;
      const kept = isCached ? cache.read(called, invocation.body) : undefined;
      if (kept !== undefined) return { ...told, outcome: kept, duration: 0, cached: true };
      const deployment = version.deployment();
      const start = performance.now();
      deployment.enter();
      try {
        const outcome = await called.invoke(callOf(invocation, called, qualifier), invocation.caller);
        const duration = performance.now() - start;
        if (outcome.kind !== 'abandoned') version.counter.count(isVersionError(outcome), duration);
        if (isCached) cache.keep(called, invocation.body, outcome);
        return { ...told, outcome, duration, cached: false };
      } finally {
        deployment.leave();
      }
    },
  };
}

function callOf(invocation: Invocation, { functionName }: HostedFunction, qualifier: string): Call {
  const { requestId, body, clientContext, affinity, sink, heard } = invocation;
  const arn = arnOf(functionName, qualifier);
  return {
    meta: { kind: 'payload', requestId, arn, ...(clientContext === undefined ? {} : { clientContext }) },
    body,
    ...(affinity === undefined ? {} : { affinity }),
    ...(sink === undefined ? {} : { sink }),
    ...(heard === undefined ? {} : { heard }),
  };
}

function notFound(id: string): FunadeError {
  return new FunadeError('FUN_NOT_FOUND', { kind: 'function', id, list: 'funade fn list' });
}
