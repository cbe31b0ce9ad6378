import { sql } from 'kysely';
import { type Language, silentLogger, systemClock } from '../src/kernel/index.ts';
import {
  type Evidence,
  type Failure,
  type Loop,
  type LoopIssue,
  type LoopOptions,
  type LoopPorts,
  createLoop,
} from '../src/loop/index.ts';
import { createMemoryQueue } from '../src/queue/index.ts';
import { transaction } from '../src/store/index.ts';
import { LABELS } from './agent-labels.ts';
import { type TestDatabase, createTestDatabase } from './database.ts';
import { type MemoryForge, createMemoryForge } from './memory-forge.ts';
import { until } from './release-rig.ts';

export const PATIENCE = { first: 20, longest: 50, patience: 60_000, random: () => 0.5 } as const;

/** What a rollout of release `number` left behind. */
export function evidenceOf(number: number, part: Partial<Evidence> = {}): Evidence {
  return {
    app: 'greeter',
    environment: 'production',
    rolloutId: `rollout_${number}`,
    runId: `run_${number}`,
    release: { id: `release_${number}`, number, commit: String(number).repeat(40), message: 'Count the greetings' },
    stable: { id: 'release_1', number: 1, commit: '1'.repeat(40) },
    outcome: 'aborted',
    reason: 'analysis failed: error-rate',
    findings: ['error-rate: 21% of 80 requests, condition error-rate ≤ 5%'],
    metrics: [
      { name: 'error-rate', value: '21% of 80 requests', limit: 'error-rate ≤ 5%', verdict: 'fail' },
      { name: 'latency-p95', value: '12 ms', limit: 'latency-p95 ≤ 500 ms', verdict: 'pass' },
    ],
    at: Date.UTC(2026, 10, 26, 3, 38, 29),
    commits: [{ sha: String(number).repeat(40), subject: 'Count the greetings', author: 'Aoi' }],
    logs: ['hello stderr: Error: the counter is full', 'hello stderr:     at handler (hello.js:9:11)'],
    ...part,
  };
}

export interface LoopRig {
  readonly database: TestDatabase;
  readonly forge: MemoryForge;
  readonly loop: Loop;
  /** Another process over the same database and forge. */
  start(options?: Partial<LoopOptions>): Promise<Loop>;
  /** A rollout of release `number` ends, as its own transaction. `rollout` names another one of the same release. */
  ends(number: number, outcome: Failure | 'succeeded', rollout?: string): Promise<void>;
  issues(): Promise<readonly LoopIssue[]>;
  /** The issue of a release, once it is in that state. */
  issue(number: number, is: (issue: LoopIssue) => boolean): Promise<LoopIssue>;
  /** Kinds of the events of an issue, in order. */
  events(id: string): Promise<readonly string[]>;
  advance(milliseconds: number): void;
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function createLoopRig(
  options: { readonly ports?: Partial<LoopPorts>; readonly language?: Language } = {},
): Promise<LoopRig> {
  const database = await createTestDatabase();
  const forge = createMemoryForge();
  const started: Loop[] = [];
  let offset = 0;
  const ports: LoopPorts = {
    wantsIssue: (_, { environment }) => Promise.resolve(environment === 'production'),
    evidence: (rolloutId) => Promise.resolve(evidenceOf(Number(/\d+/.exec(rolloutId)?.[0]), { rolloutId })),
    repositoryOf: () => Promise.resolve({ source: 'github', repository: { id: '7', fullName: 'octo/greeter' } }),
    forgeOf: () => forge,
    nameOf: (release) => Promise.resolve(release.replace('release_', 'v')),
    isSince: (failed, release) => Promise.resolve(numberOf(release) >= numberOf(failed)),
    ...options.ports,
  };

  function make(part: Partial<LoopOptions>): Loop {
    return createLoop({
      db: database.db,
      clock: { now: () => systemClock.now() + offset },
      logger: silentLogger,
      queue: createMemoryQueue(silentLogger),
      ports,
      labels: LABELS,
      language: options.language ?? 'en',
      mask: (text) => text.replaceAll('s3cret', '***'),
      sweepMs: 20,
      settleMs: 0,
      patience: PATIENCE,
      ...part,
    });
  }

  const loop = make({});
  const rig: LoopRig = {
    database,
    forge,
    loop,
    start: async (part = {}) => {
      const another = make(part);
      started.push(another);
      await another.start({ alone: false });
      return another;
    },
    ends: (number, outcome, rollout = `rollout_${number}`) =>
      transaction(database.db, (trx) =>
        loop.rolloutEnded(trx, {
          rolloutId: rollout,
          app: 'greeter',
          environment: 'production',
          releaseId: `release_${number}`,
          outcome,
        }),
      ),
    issues: () => loop.list({}),
    issue: async (number, is) => {
      const find = async () => (await loop.list({})).find(({ releaseId }) => releaseId === `release_${number}`);
      const found = await until(find, (issue) => issue !== undefined && is(issue), 60_000);
      if (found === undefined) throw new Error(`no issue of release ${number}`);
      return found;
    },
    events: async (id) => {
      const { rows } = await sql<{
        kind: string;
      }>`select kind from events where subject = ${id} order by position`.execute(database.db);
      return rows.map(({ kind }) => kind);
    },
    advance: (milliseconds) => {
      offset += milliseconds;
    },
    reset: async () => {
      await Promise.all(started.splice(0).map((each) => each.stop()));
      await sql`truncate loop_issues, work`.execute(database.db);
      forge.reset();
      offset = 0;
    },
    close: async () => {
      await Promise.all(started.map((each) => each.stop()));
      await database.drop();
    },
  };
  return rig;
}

function numberOf(release: string): number {
  return Number(release.replace('release_', ''));
}
