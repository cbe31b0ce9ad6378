import { randomBytes } from 'node:crypto';
import type { RuntimeName } from '../../config/index.ts';
import { type Clock, FunadeError, type Logger, messageOf, sleep } from '../../kernel/index.ts';
import type { Db } from '../../store/index.ts';
import type { Outcome } from '../outcome.ts';
import type { Invoked, Invoker } from '../invoke/invoker.ts';
import type { Language } from '../languages/language.ts';
import type { StandaloneFunctions, StandaloneVersion } from '../standalone/port.ts';
import { type SessionRow, type SessionUse, insertSession, pruneSessions, readSession, recordUses } from './store.ts';

/** `<language>-<title>`, which is also the name of the function. */
export const LANGUAGE_TITLE = /^(nodejs|python|rust)-[a-z0-9][a-z0-9_-]{0,62}$/;

export interface SessionOrder {
  readonly languageTitle: string;
  /** JSON that every call of the session gets as `context`. */
  readonly context: string;
  /** Code of the function; without it the function has to be there. */
  readonly script: string | null;
  /** All calls go to one process for as long as it lives, one at a time. */
  readonly affinity: boolean;
  readonly by: string;
}

export interface Session {
  readonly id: string;
  readonly languageTitle: string;
  readonly version: number;
  readonly state: 'active' | 'expired';
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly lastUsedAt: number | null;
  readonly executions: number;
  readonly errors: number;
}

export interface Execution extends Invoked {
  readonly session: Session;
}

/** Functions that a caller brings along and calls for a while: each session stays on the version that it began with. */
export interface Sessions {
  /** Publishes the script, when there is one, brings it up, and opens a session. Throws as `publish` does, and what `onFault` makes. */
  initialize(order: SessionOrder, onFault: (outcome: Outcome) => Error): Promise<Session>;
  /** `params` is JSON as it was sent. Throws `FUN_NOT_FOUND` for a session that is unknown or has expired. */
  execute(id: string, params: string, call: { readonly requestId: string }): Promise<Execution>;
  get(id: string): Promise<Session>;
  /** `<language>-<title>` of a session. Throws as `execute` does. */
  titleOf(id: string): Promise<string>;
  /** The function was deleted, and its sessions with it. */
  forget(name: string): void;
  start(): void;
  stop(): Promise<void>;
}

export interface SessionsDependencies {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly functions: StandaloneFunctions;
  readonly languages: ReadonlyMap<RuntimeName, Pick<Language, 'scriptFile'>>;
  readonly invoker: Invoker;
  /** Brings a version up; what speaks against it, or null. */
  readonly prove: (name: string, id: string) => Promise<Outcome | null>;
  /** Milliseconds from the last use, and from the beginning, after which a session ends. */
  readonly ttl: number;
  readonly longest: number;
}

interface Known {
  readonly row: SessionRow;
  expiresAt: number;
  usedAt: number | null;
  /** Not written yet. */
  executions: number;
  errors: number;
  isBusy: boolean;
}

type OnFault = (outcome: Outcome) => Error;

const FLUSH_EVERY = 1000;
const PRUNE_ROUNDS = 3600;
const KNOWN_AT_MOST = 20_000;

export function createSessions(dependencies: SessionsDependencies): Sessions {
  const { db, clock, functions } = dependencies;
  const known = new Map<string, Known>();
  const stopping = new AbortController();
  let flushing: Promise<void> = Promise.resolve();

  async function initialize(order: SessionOrder, onFault: OnFault): Promise<Session> {
    const version =
      order.script === null
        ? await newest(order.languageTitle, onFault)
        : await publishScript(order, { script: order.script, onFault });
    const now = clock.now();
    const row = {
      id: randomBytes(18).toString('base64url'),
      function: version.name,
      version: version.number,
      context: order.context,
      affinity: order.affinity,
      created_by: order.by,
      created_at: new Date(now),
      expires_at: new Date(now + dependencies.ttl),
      ends_at: new Date(now + dependencies.longest),
      last_used_at: null,
    };
    await Promise.all([insertSession(db, row), functions.touch(version.name)]);
    return sessionOf(remember({ ...row, executions: 0, errors: 0 }), now);
  }

  async function newest(name: string, onFault: OnFault): Promise<StandaloneVersion> {
    const { latest } = await functions.get(name);
    const version = await functions.version(name, latest);
    const fault = await dependencies.prove(name, String(latest));
    if (fault !== null) throw onFault(fault);
    return version;
  }

  async function publishScript(
    { languageTitle, by }: SessionOrder,
    { script, onFault }: { readonly script: string; readonly onFault: OnFault },
  ): Promise<StandaloneVersion> {
    const runtime = (LANGUAGE_TITLE.exec(languageTitle)?.[1] ?? '') as RuntimeName;
    const file = dependencies.languages.get(runtime)?.scriptFile ?? '';
    const present = await functions.find(languageTitle);
    const limits =
      present === undefined || present.latest === 0
        ? {}
        : limitsOf(await functions.version(languageTitle, present.latest));
    const { version } = await functions.publish({
      name: languageTitle,
      code: { kind: 'files', files: { [file]: script } },
      form: 'script',
      config: { ...limits, runtime, handler: file },
      by,
      onFault,
    });
    return version;
  }

  function remember(row: SessionRow): Known {
    if (known.size >= KNOWN_AT_MOST) forgetSome();
    const entry = {
      ...{ row, expiresAt: row.expires_at.getTime(), usedAt: row.last_used_at?.getTime() ?? null },
      ...{ executions: 0, errors: 0, isBusy: false },
    };
    known.set(row.id, entry);
    return entry;
  }

  /** Those that were written and are not in use; they are read again when they are asked for. */
  function forgetSome(): void {
    for (const [id, entry] of known) {
      if (entry.executions === 0 && !entry.isBusy) known.delete(id);
      if (known.size < KNOWN_AT_MOST / 2) return;
    }
  }

  /** From memory; from the database where it is not known here, or another host may have prolonged it. */
  async function find(id: string): Promise<Known | undefined> {
    const entry = known.get(id);
    if (entry !== undefined && entry.expiresAt > clock.now()) return entry;
    const row = await readSession(db, id);
    if (row === undefined) return undefined;
    if (entry === undefined) return remember(row);
    entry.expiresAt = Math.max(entry.expiresAt, row.expires_at.getTime());
    return entry;
  }

  async function execute(id: string, params: string, call: { readonly requestId: string }): Promise<Execution> {
    const entry = await find(id);
    if (entry === undefined || entry.expiresAt <= clock.now()) throw notFound(id);
    if (entry.row.affinity && entry.isBusy) throw new FunadeError('FUN_SESSION_BUSY', { id });
    entry.isBusy = true;
    try {
      const invoked = await dependencies.invoker.invoke({
        requestId: call.requestId,
        name: entry.row.function,
        qualifier: String(entry.row.version),
        body: Buffer.from(`{"params":${params},"context":${entry.row.context}}`),
        caller: STAYING,
        ...(entry.row.affinity ? { affinity: id } : {}),
      });
      use(entry, invoked.outcome);
      return { ...invoked, session: sessionOf(entry, clock.now()) };
    } finally {
      entry.isBusy = false;
    }
  }

  function use(entry: Known, outcome: Outcome): void {
    const now = clock.now();
    entry.usedAt = now;
    entry.expiresAt = Math.min(Math.max(entry.expiresAt, now + dependencies.ttl), entry.row.ends_at.getTime());
    entry.executions += 1;
    if (outcome.kind !== 'result') entry.errors += 1;
  }

  async function flush(): Promise<void> {
    const uses: (SessionUse & { readonly entry: Known })[] = [];
    for (const [id, entry] of known) {
      if (entry.executions === 0) continue;
      const { expiresAt, usedAt, executions, errors } = entry;
      uses.push({ id, expiresAt, usedAt: usedAt ?? 0, executions, errors, entry });
    }
    await recordUses(db, uses);
    for (const { entry, executions, errors } of uses) {
      entry.executions -= executions;
      entry.errors -= errors;
    }
    const old = clock.now() - dependencies.ttl;
    for (const [id, entry] of known) if (entry.expiresAt < old && entry.executions === 0) known.delete(id);
  }

  async function loop(): Promise<void> {
    for (let round = 1; !stopping.signal.aborted; round += 1) {
      await sleep(FLUSH_EVERY, stopping.signal);
      const chores = round % PRUNE_ROUNDS === 0 ? [flush(), pruneSessions(db)] : [flush()];
      await Promise.all(chores).catch((thrown: unknown) =>
        dependencies.logger.warn({ reason: messageOf(thrown) }, 'Failed to store the use of sessions; keeping it.'),
      );
    }
  }

  return {
    initialize,
    execute,
    titleOf: async (id) => {
      const entry = await find(id);
      if (entry === undefined || entry.expiresAt <= clock.now()) throw notFound(id);
      return entry.row.function;
    },
    get: async (id) => {
      const row = await readSession(db, id);
      if (row === undefined) throw notFound(id);
      const entry = known.get(id);
      const pending = { executions: entry?.executions ?? 0, errors: entry?.errors ?? 0 };
      const expiresAt = Math.max(entry?.expiresAt ?? 0, row.expires_at.getTime());
      const usedAt = entry?.usedAt ?? row.last_used_at?.getTime() ?? null;
      return sessionOf({ row, expiresAt, usedAt, isBusy: false, ...pending }, clock.now());
    },
    forget: (name) => {
      for (const [id, { row }] of known) if (row.function === name) known.delete(id);
    },
    start: () => {
      flushing = loop();
    },
    stop: async () => {
      stopping.abort();
      await flushing;
    },
  };
}

const STAYING = { gone: false };

/** What a new version of a script keeps of the function's settings: how much it may use, and nothing that it was given. */
function limitsOf({ config }: StandaloneVersion): Readonly<Record<string, unknown>> {
  const { memory, concurrency, reserved, timeout, cache } = config;
  return {
    ...{ memory, concurrency, timeout: `${timeout}ms`, cache: `${cache}ms` },
    ...(reserved === null ? {} : { reserved }),
  };
}

function sessionOf({ row, expiresAt, usedAt, executions, errors }: Known, now: number): Session {
  return {
    id: row.id,
    languageTitle: row.function,
    version: row.version,
    state: expiresAt > now ? 'active' : 'expired',
    createdAt: row.created_at.getTime(),
    expiresAt,
    lastUsedAt: usedAt,
    executions: row.executions + executions,
    errors: row.errors + errors,
  };
}

function notFound(id: string): FunadeError {
  return new FunadeError('FUN_NOT_FOUND', { kind: 'session', id, list: 'POST /api/v1/initialize' });
}
