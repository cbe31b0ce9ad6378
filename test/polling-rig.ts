import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import {
  type Actor,
  type Forge,
  type Fresh,
  type HookDelivery,
  type RepositoryKey,
  type SubjectState,
  forgeWebhooks,
} from '../src/forges/index.ts';
import {
  type Admission,
  type Poller,
  type PollerOptions,
  type SourceDirectory,
  createPoller,
  recordFindings,
} from '../src/intake/index.ts';
import { FunadeError, type ManualClock, createLogger, createManualClock } from '../src/kernel/index.ts';
import type { Db } from '../src/store/index.ts';
import { activeSource, admitAll, fixedSources } from './intake-rig.ts';

export const LABEL = 'coding agent';
const MONA: Actor = { login: 'mona', id: '11', isBot: false };

interface Issue {
  open: boolean;
  updatedAt: number;
  label: { readonly id: string; readonly at: number; readonly actor: Actor | null } | null;
}

/** A repository of the forge in memory. */
export interface World {
  id: string;
  readonly issues: Map<number, Issue>;
  readonly refs: Map<string, string>;
  /** Failed deliveries of its hook. */
  failed: HookDelivery[];
  readonly redelivered: string[];
}

/** A forge that only shows what polling asks for, and says how often it was asked. */
export interface PolledForge extends Forge {
  readonly worlds: Map<string, World>;
  /** Verb and repository of every request; `=` after those that were answered "unchanged". */
  readonly calls: string[];
  /** Called before each request; may throw or wait. */
  before: ((verb: string, fullName: string) => Promise<void> | void) | null;
  world(fullName?: string): World;
  /** Puts the label on, as mona unless told otherwise; null: the forge does not know who did. */
  label(number: number, at: number, actor?: Actor | null, fullName?: string): void;
  unlabel(number: number, at: number, fullName?: string): void;
}

export function createPolledForge(): PolledForge {
  const worlds = new Map<string, World>();
  const calls: string[] = [];
  let acts = 0;

  function worldOf(key: RepositoryKey): World {
    const byId = [...worlds.values()].find(({ id }) => id === key.id);
    const found = key.id === null ? worlds.get(key.fullName) : byId;
    if (found === undefined)
      throw new FunadeError('FUN_FORGE_NOT_FOUND', { act: `ask ${key.fullName}`, host: 'github.com' });
    return found;
  }

  async function ask<T>(verb: string, key: RepositoryKey, answer: (world: World) => T): Promise<T> {
    calls.push(`${verb} ${key.fullName}`);
    await forge.before?.(verb, key.fullName);
    return answer(worldOf(key));
  }

  function fresh<T>(value: T, etag: string | null | undefined): Fresh<T> {
    const now = createHash('sha256').update(JSON.stringify(value)).digest('hex');
    if (etag !== now) return { kind: 'changed', value, etag: now };
    calls.push(`${calls.pop()} =`);
    return { kind: 'unchanged' };
  }

  const unasked = () => Promise.reject(new Error('polling does not ask for this'));
  const forge: PolledForge = {
    id: 'github',
    host: 'github.com',
    worlds,
    calls,
    before: null,
    world: (fullName = 'octo/greeter') => {
      const known = worlds.get(fullName);
      if (known !== undefined) return known;
      const made: World = {
        id: String(7 + worlds.size),
        issues: new Map(),
        refs: new Map(),
        failed: [],
        redelivered: [],
      };
      worlds.set(fullName, made);
      return made;
    },
    label: (number, at, actor = MONA, fullName) => {
      acts += 1;
      forge.world(fullName).issues.set(number, { open: true, updatedAt: at, label: { id: String(acts), at, actor } });
    },
    unlabel: (number, at, fullName) => {
      const issue = forge.world(fullName).issues.get(number);
      if (issue !== undefined) Object.assign(issue, { updatedAt: at, label: null });
    },
    repository: (key) =>
      ask('repository', key, ({ id }) => ({
        id,
        host: 'github.com',
        fullName: key.fullName,
        cloneUrls: [`https://github.com/${key.fullName}.git`],
        defaultBranch: 'main',
      })),
    listLabelled: (key, label, { etag } = {}) =>
      ask('listLabelled', key, ({ issues }) => {
        const labelled = [...issues].filter(([, issue]) => issue.open && issue.label !== null);
        return fresh(label === LABEL ? labelled.map(([number, issue]) => stateOf(number, issue)) : [], etag);
      }),
    labelling: ({ repository, number }) =>
      ask('labelling', repository, ({ issues }) => {
        const label = issues.get(number)?.label ?? null;
        return label === null || label.actor === null
          ? null
          : { id: label.id, label: LABEL, actor: label.actor, at: label.at };
      }),
    listRefs: (key, { etag } = {}) =>
      ask('listRefs', key, ({ refs }) =>
        fresh(
          [...refs].map(([ref, sha]) => ({ ref, sha })),
          etag,
        ),
      ),
    hooks: {
      list: unasked,
      ensure: unasked,
      failedDeliveries: (key, _hookId, since) =>
        ask('failedDeliveries', key, ({ failed }) => failed.filter(({ at }) => at >= since)),
      redeliver: (key, { id }) => ask('redeliver', key, ({ redelivered }) => void redelivered.push(id)),
    },
    self: unasked,
    read: unasked,
    role: unasked,
    swapLabel: unasked,
    upsertComment: unasked,
    listComments: unasked,
    findChange: unasked,
    createChange: unasked,
    updateChange: unasked,
    readChange: unasked,
    openIssue: unasked,
    closeIssue: unasked,
    setCommitStatus: unasked,
    gitRemote: unasked,
  };
  return forge;
}

function stateOf(number: number, { open, updatedAt }: Issue): SubjectState {
  return {
    kind: 'issue',
    number,
    title: `Title of ${number}`,
    url: `https://github.com/octo/greeter/issues/${number}`,
    open,
    author: MONA,
    labels: [LABEL],
    assignees: [],
    body: 'Please.',
    updatedAt,
    merged: false,
  };
}

/** The source `github` with these repositories, asked through this forge; null: it has no account. */
export function polledSources(forge: Forge | null, repositories: readonly string[]): SourceDirectory {
  const source = activeSource({ repositories, webhook: forgeWebhooks.get('github')! });
  return { ...fixedSources([source]), forgeOf: () => forge };
}

export interface PollRig {
  readonly forge: PolledForge;
  readonly clock: ManualClock;
  readonly logs: () => readonly Readonly<Record<string, unknown>>[];
  poller(
    options?: Partial<PollerOptions> & { readonly admission?: Admission; readonly repositories?: readonly string[] },
  ): Poller;
}

export const INTERVAL = 300_000;

export function createPollRig(db: Db): PollRig {
  const forge = createPolledForge();
  forge.world();
  const clock = createManualClock();
  const lines: string[] = [];
  return {
    forge,
    clock,
    logs: () => lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>),
    poller: ({ admission = admitAll, repositories = ['octo/greeter'], ...options } = {}) => {
      const logger = createLogger('trace', { write: (line: string) => void lines.push(line) });
      return createPoller({
        db,
        clock,
        logger,
        sources: polledSources(forge, repositories),
        record: (findings) => recordFindings({ db, admission, logger, clock }, findings),
        applications: () => Promise.resolve([]),
        label: LABEL,
        intervalMs: INTERVAL,
        random: () => 0.5,
        ...options,
      });
    },
  };
}

export interface PolledRow {
  readonly poll_at: Date | null;
  readonly polled_at: Date | null;
  readonly polling_until: Date | null;
  readonly poll_failures: number;
  readonly poll_failure: string | null;
  readonly project_id: string | null;
  readonly redelivered_until: Date | null;
}

export async function readPolled(db: Db, fullName = 'octo/greeter'): Promise<PolledRow | undefined> {
  const { rows } = await sql<PolledRow>`select * from source_repositories where full_name = ${fullName}`.execute(db);
  return rows[0];
}

export interface FoundRow {
  readonly delivery_id: string;
  readonly via: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly duplicates: number;
}

/** Deliveries in the order of the ids that they came with. */
export async function readFound(db: Db): Promise<readonly FoundRow[]> {
  const { rows } =
    await sql<FoundRow>`select delivery_id, via, outcome, reason, duplicates from deliveries order by delivery_id`.execute(
      db,
    );
  return rows;
}
