import { type FunctionConfig, expandReferences } from '../../config/index.ts';
import { type Clock, isFunadeError, messageOf, sleep } from '../../kernel/index.ts';
import { type Isolation, type WorkerRequest, createMask } from '../../sandbox/index.ts';
import { MAX_REASON, readText } from '../foreign-text.ts';
import { CARRIED_CODE, CODE, CompileError, EGRESS_SOCKET, type Language } from '../languages/language.ts';
import type { Outcome } from '../outcome.ts';
import type { Budget } from '../pools/budget.ts';
import type { Call, Caller } from '../pools/call.ts';
import { type Instance, startInstance } from '../pools/instance.ts';
import { type Pool, type PoolLimits, type PoolStatus, createPool } from '../pools/pool.ts';
import type { Prewarmed } from '../pools/prewarmed.ts';
import { type RuntimeProcess, startRuntimeProcess } from '../pools/runtime-process.ts';
import type { FunctionLogLine, SecretSource, SpawnWorker, VersionSpec } from '../port.ts';
import type { LoadOrder } from '../runtimes/messages.ts';
import type { SmokeRunner } from './smoke.ts';

/** What every function of a host is made with. */
export interface HostMeans {
  readonly spawn: SpawnWorker;
  readonly isolation: () => Isolation;
  /** What happens to code that nobody vouches for where isolation is missing. */
  readonly untrusted: 'refuse' | 'allow';
  readonly languages: ReadonlyMap<FunctionConfig['runtime'], Language>;
  readonly limits: PoolLimits;
  readonly budget: Budget;
  readonly prewarmed: Prewarmed;
  /** Milliseconds. */
  readonly initTimeout: number;
  readonly clock: Clock;
  /** Opens the way out of an empty network for one function. */
  readonly openEgress: OpenEgress;
  readonly secrets: Pick<SecretSource, 'resolve'>;
}

export interface SecretScope {
  readonly app: string;
  /** Null for a standalone function. */
  readonly environment: string | null;
}

export interface Egress {
  /** Path of the socket on the host. */
  readonly socket: string;
  close(): Promise<void>;
}
export type OpenEgress = (rules: readonly string[], log: (text: string) => void) => Promise<Egress>;

export interface HostedFunctionOptions {
  readonly means: HostMeans;
  readonly scope: SecretScope;
  readonly version: VersionSpec;
  /** Key in the version's functions. */
  readonly name: string;
  readonly config: FunctionConfig;
  /** Variables that Funade sets itself. */
  readonly ownVariables: Readonly<Record<string, string>>;
  /** Code that is small enough to travel with LOAD; null: it is mounted. */
  readonly carried: (() => Promise<Readonly<Record<string, string>> | null>) | null;
  readonly log: (line: Pick<FunctionLogLine, 'stream' | 'text' | 'requestId' | 'at'>) => void;
  readonly changed: () => void;
  readonly smoke: SmokeRunner;
  /** Of a release: it counts as ready once it has come up, also where it keeps no process. */
  readonly isRelease: boolean;
}

/** One function of one version on this host. */
export interface HostedFunction {
  readonly name: string;
  /** As AWS Lambda would call it: `{app}-{name}`, or the name of a standalone function. */
  readonly functionName: string;
  readonly config: FunctionConfig;
  status(): PoolStatus;
  invoke(call: Call, caller: Caller): Promise<Outcome>;
  /** Brings an instance up and runs the smoke tests; resolves with what speaks against the version, or null. */
  prove(): Promise<Outcome | null>;
  sweep(): void;
  stop(deadline: number): Promise<void>;
}

interface Prepared {
  readonly language: Language;
  readonly directory: string;
  readonly handler: string;
  readonly program?: string;
  readonly egress: Egress | null;
  readonly files: LoadOrder['files'];
}

type Preparation =
  | { readonly kind: 'running' }
  | { readonly kind: 'done'; readonly pool: Pool }
  | { readonly kind: 'failed'; readonly outcome: Outcome; readonly reason: string };

export function createHostedFunction(options: HostedFunctionOptions): HostedFunction {
  const { means, version, name, config } = options;
  const functionName = functionNameOf(options.scope, name);
  let preparation: Preparation = { kind: 'running' };
  let egress: Egress | null = null;
  /** Secrets appear as `***` in what it says. */
  let mask = createMask([]);
  /** Undefined until the first instance is up; null when nothing was found. */
  let smokeFinding: string | null | undefined = config.smoke.length === 0 ? null : undefined;
  let smokeRun: Promise<void> | undefined;
  /** Whether it has come up once, and passed its smoke tests. */
  let isProven = false;
  const stopping = new AbortController();

  function log(stream: FunctionLogLine['stream'], text: string, requestId: string | null): void {
    options.log({ stream, text, requestId, at: means.clock.now() });
  }

  function note(text: string): void {
    log('platform', mask(text), null);
  }

  async function prepare(): Promise<void> {
    try {
      const refusal = refuseUntrusted(means, config);
      if (refusal !== null) return failWith(refusal, refusal.reason);
      const prepared = await prepareCode();
      egress = prepared.egress;
      if (stopping.signal.aborted) return await egress?.close();
      preparation = { kind: 'done', pool: poolOf(prepared) };
      if (options.isRelease) void proveUntilUp(preparation.pool);
    } catch (thrown) {
      const reason = describePreparation(thrown);
      note(reason);
      failWith(
        thrown instanceof CompileError ? compileOutcome(thrown) : { kind: 'init_failed', reason, fault: null },
        reason,
      );
      if (isFunadeError(thrown) && thrown.retryable) void prepareAgain();
    } finally {
      options.changed();
    }
  }

  /** What stood in the way says nothing of the code. */
  async function prepareAgain(): Promise<void> {
    await sleep(PREPARE_AGAIN_AFTER, stopping.signal);
    if (!stopping.signal.aborted) await prepare();
  }

  function failWith(outcome: Outcome, reason: string): void {
    preparation = { kind: 'failed', outcome, reason };
  }

  async function prepareCode(): Promise<Prepared> {
    const language = means.languages.get(config.runtime);
    if (language === undefined) throw new Error(`this server has no runtime ${config.runtime}`);
    const found = await language.status();
    if (!found.available) throw new Error(`${found.reason}. Fix: ${found.fix}`);
    if (version.artifact === '') throw new Error(NO_CODE);
    const code = { directory: version.artifact, handler: config.handler, form: version.form ?? 'module' };
    const fault = language.check(code);
    if (fault !== null) throw new Error(fault);
    const built = await language.build(code);
    const files = language.isGeneric && isGenericProcess(config) ? ((await options.carried?.()) ?? null) : null;
    const opened = config.egress.length === 0 ? null : await means.openEgress(config.egress, note);
    return { ...built, language, files, egress: opened };
  }

  function poolOf(prepared: Prepared): Pool {
    const { min, max } = config.instances;
    const most = max ?? means.limits.max;
    const least = Math.min(min ?? means.limits.min, most);
    return createPool({
      limits: { ...means.limits, min: least, max: most },
      concurrency: config.concurrency,
      reserved: config.reserved,
      timeout: config.timeout,
      memory: config.memory,
      budget: means.budget,
      changed: poolChanged,
      start: (changed) => start(prepared, changed),
    });
  }

  function start(prepared: Prepared, changed: () => void): Instance {
    return startInstance({
      process: processFor(prepared),
      order: () => orderOf(prepared),
      initTimeout: means.initTimeout,
      isOutOfMemory: prepared.language.isOutOfMemory ?? null,
      mask: (text) => mask(text),
      changed,
      log,
    });
  }

  function processFor(prepared: Prepared): RuntimeProcess {
    const { language, files } = prepared;
    const spawn = () => startRuntimeProcess(async () => means.spawn(await requestOf(prepared)));
    if (files === null) return spawn();
    return means.prewarmed.take(language.name, spawn) ?? spawn();
  }

  async function requestOf({ language, directory, program, files, egress: opened }: Prepared): Promise<WorkerRequest> {
    const command = await language.start({ memory: config.memory, program });
    const isCarried = files !== null;
    return {
      ...command,
      cwd: isCarried ? '/tmp' : CODE,
      mounts: isCarried ? command.mounts : [...command.mounts, { path: CODE, source: directory }],
      sockets: opened === null ? [] : [{ path: EGRESS_SOCKET, source: opened.socket }],
      memory: config.memory,
      network: config.network === 'open' && config.trusted ? 'host' : 'none',
      owner: isCarried ? language.name : `${functionName}@${version.id}`,
    };
  }

  async function orderOf(prepared: Prepared): Promise<LoadOrder> {
    const directory = prepared.files === null ? CODE : CARRIED_CODE;
    return {
      directory,
      files: prepared.files,
      handler: prepared.handler,
      form: version.form ?? 'module',
      functionName,
      functionVersion: version.id,
      memory: config.memory,
      variables: await variablesOf(directory),
      egress: prepared.egress === null ? null : EGRESS_SOCKET,
    };
  }

  async function variablesOf(directory: string): Promise<Readonly<Record<string, string>>> {
    const own = {
      AWS_LAMBDA_FUNCTION_NAME: functionName,
      AWS_LAMBDA_FUNCTION_VERSION: version.id,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(config.memory),
      LAMBDA_TASK_ROOT: directory,
      ...options.ownVariables,
    };
    const given = { ...version.variables, ...config.environment };
    const pins = version.secrets ?? {};
    const secrets = Object.keys(pins).length === 0 ? NO_SECRETS : await means.secrets.resolve(options.scope.app, pins);
    mask = createMask([...secrets.values()].filter((value) => value.trim().length >= SHORTEST_MASKED));
    const resolved = Object.entries(given).map(([key, text]) => [key, expandReferences(text, secrets)] as const);
    return { ...own, ...Object.fromEntries(resolved) };
  }

  function poolChanged(): void {
    if (preparation.kind === 'done' && preparation.pool.status().status === 'ready') void ensureSmoke(preparation.pool);
    options.changed();
  }

  /** A version whose smoke tests fail never becomes ready. */
  function ensureSmoke(pool: Pool): Promise<void> {
    if (smokeFinding !== undefined) return Promise.resolve();
    smokeRun ??= options
      .smoke({ functionName, config, invoke: (call) => pool.invoke(call, STAYING) })
      .catch(messageOf)
      .then((found) => {
        const finding = found === null ? null : readText(mask(found), MAX_REASON);
        smokeFinding = finding;
        if (finding !== null) note(finding);
        options.changed();
      });
    return smokeRun;
  }

  function status(): PoolStatus {
    if (preparation.kind === 'running') return { status: 'starting', failure: null, instances: 0 };
    if (preparation.kind === 'failed') return { status: 'failed', failure: preparation.reason, instances: 0 };
    const now = preparation.pool.status();
    if (isProven && now.status === 'starting' && config.instances.min === 0) return { ...now, status: 'ready' };
    if (now.status !== 'ready' || smokeFinding === null) return now;
    return { ...now, status: smokeFinding === undefined ? 'starting' : 'failed', failure: smokeFinding ?? null };
  }

  async function prove(): Promise<Outcome | null> {
    await preparing;
    if (preparation.kind === 'failed') return preparation.outcome;
    if (preparation.kind === 'running') return { kind: 'shutting_down' };
    return proveOnce(preparation.pool);
  }

  /** A pool that keeps no process up tries none by itself: what failed at the first start may work at the next one. */
  async function proveUntilUp(pool: Pool): Promise<void> {
    for (let pause = FIRST_PAUSE; !stopping.signal.aborted; pause = Math.min(2 * pause, LAST_PAUSE)) {
      const finding = await proveOnce(pool);
      if (finding === null || typeof smokeFinding === 'string' || config.instances.min !== 0) return;
      await sleep(pause, stopping.signal);
    }
  }

  async function proveOnce(pool: Pool): Promise<Outcome | null> {
    const finding = await pool.prove();
    if (finding !== null) return finding;
    await ensureSmoke(pool);
    if (typeof smokeFinding === 'string') return { kind: 'init_failed', reason: smokeFinding, fault: null };
    isProven = true;
    options.changed();
    return null;
  }

  const preparing = prepare();
  return {
    name,
    functionName,
    config,
    status,
    invoke: (call, caller) => {
      if (preparation.kind === 'done') return preparation.pool.invoke(call, caller);
      return preparing.then(() => {
        if (preparation.kind === 'done') return preparation.pool.invoke(call, caller);
        return preparation.kind === 'failed' ? preparation.outcome : { kind: 'shutting_down' };
      });
    },
    prove,
    sweep: () => {
      if (preparation.kind === 'done') preparation.pool.sweep();
    },
    stop: async (deadline) => {
      stopping.abort();
      await preparing;
      if (preparation.kind === 'done') await preparation.pool.stop(deadline);
      await egress?.close();
    },
  };
}

const NO_CODE =
  'its code is not on this server: servers that share a database have to share the folder `functions` of the data directory too';
const NO_SECRETS: ReadonlyMap<string, string> = new Map();
/** Shorter ones would turn half of a log into stars. */
const SHORTEST_MASKED = 4;
const PREPARE_AGAIN_AFTER = 5000;
/** Milliseconds between tries to bring up what does not come up. */
const FIRST_PAUSE = 1000;
const LAST_PAUSE = 30_000;
const STAYING: Caller = { gone: false };
/** What processes are pre-warmed with. */
const GENERIC_MEMORY = 128;

/** Whether the function can run in a process that was started for any function of its language. */
function isGenericProcess(config: FunctionConfig): boolean {
  return config.memory === GENERIC_MEMORY && config.network === 'none' && config.egress.length === 0;
}

/** Code that nobody vouches for does not run where isolation is missing, unless the owner of the server says so. */
export function refuseUntrusted(
  { isolation, untrusted }: Pick<HostMeans, 'isolation' | 'untrusted'>,
  config: Pick<FunctionConfig, 'trusted'>,
): Extract<Outcome, { kind: 'not_isolated' }> | null {
  const { tier, reason, layers } = isolation();
  if (config.trusted || tier !== 'C' || untrusted === 'allow') return null;
  const fix = layers.find((layer) => !layer.active && layer.fix !== null)?.fix;
  return { kind: 'not_isolated', reason, fix: fix ?? 'Run Funade on Linux with bubblewrap.' };
}

export function functionNameOf(scope: SecretScope, name: string): string {
  return scope.environment === null ? scope.app : `${scope.app}-${name}`;
}

function compileOutcome({ message, faults }: CompileError): Outcome {
  const [first] = faults;
  const isPlace = first !== undefined && first.line !== null && first.column !== null;
  const place = isPlace ? { place: { line: first.line ?? 1, column: first.column ?? 1 } } : {};
  const fault = {
    errorType: 'Runtime.UserCodeSyntaxError',
    message: readText(first?.message ?? message, MAX_REASON),
    trace: [],
    ...place,
  };
  return { kind: 'init_failed', reason: readText(message, MAX_REASON), fault };
}

function describePreparation(thrown: unknown): string {
  const reason = thrown instanceof CompileError ? `does not compile: ${thrown.message}` : messageOf(thrown);
  return readText(reason, MAX_REASON);
}
