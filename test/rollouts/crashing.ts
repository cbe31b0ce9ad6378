import type { KyselyPlugin } from 'kysely';
import type { Target } from '../../src/rollouts/port.ts';
import type { Db } from '../../src/store/index.ts';

/**
 * A process that dies at the n-th boundary: before any statement of the database, before or after any call to the target. After
 * a statement is before the next one; within a transaction all of them are the same death.
 */
export interface Death {
  /** Boundaries that were passed while counting. */
  readonly passed: number;
  readonly isDead: boolean;
  /** Where it died. */
  readonly place: string;
  /** Counts from now on, and dies at that boundary (1 = the next one; Infinity = never). */
  at(boundary: number): void;
  /** A new process: it does not die any more. */
  revive(): void;
}

interface Counting extends Death {
  pass(place: string): void;
}

export interface Mortal {
  readonly death: Death;
  readonly db: Db;
  readonly target: Target;
  /** Keys of all calls that reached the target, repeated ones too. */
  readonly calls: readonly string[];
  /** Keys of calls whose intent nobody else could read yet when they were made. */
  readonly unannounced: readonly string[];
}

/** A database and a target as a mortal process sees them. Once dead, nothing it tries does anything. */
export function createMortal(db: Db, target: Target): Mortal {
  const death = createDeath();
  const calls: string[] = [];
  const unannounced: string[] = [];
  const intents = db.withTables<{ rollout_effects: { key: string } }>();
  async function note(key: string): Promise<void> {
    calls.push(key);
    const intent = await intents.selectFrom('rollout_effects').select('key').where('key', '=', key).executeTakeFirst();
    if (intent === undefined) unannounced.push(key);
  }
  return { death, calls, unannounced, db: db.withPlugin(pluginOf(death)), target: mortalTarget(target, death, note) };
}

function createDeath(): Counting {
  let passed = 0;
  let limit = Infinity;
  let place = '';
  return {
    get passed() {
      return passed;
    },
    get isDead() {
      return place !== '';
    },
    get place() {
      return place;
    },
    at(boundary) {
      passed = 0;
      limit = boundary;
    },
    revive() {
      place = '';
      limit = Infinity;
    },
    pass(where) {
      passed += 1;
      if (place === '' && passed === limit) place = where;
      if (place !== '') throw new Error(`the process died ${place}`);
    },
  };
}

function pluginOf(death: Counting): KyselyPlugin {
  return {
    transformQuery({ node }) {
      death.pass(`before ${node.kind}`);
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
}

function mortalTarget(target: Target, death: Counting, note: (key: string) => Promise<void>): Target {
  async function dying<T>(verb: string, act: () => Promise<T>, key?: string): Promise<T> {
    death.pass(`before ${verb}`);
    if (key !== undefined) await note(key);
    const result = await act();
    death.pass(`after ${verb}`);
    return result;
  }
  return {
    ...target,
    prepare: (context) => dying('prepare', () => target.prepare(context), context.key),
    shift: (context, weight) => dying('shift', () => target.shift(context, weight), context.key),
    retire: (context, version) => dying('retire', () => target.retire(context, version), context.key),
    observe: (environment) => dying('observe', () => target.observe(environment)),
  };
}
