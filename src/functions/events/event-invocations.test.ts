import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { asError, removeArtifacts, startTestHost, until } from '../../../test/functions/test-host.ts';
import { FunadeError, newId, silentLogger, systemClock } from '../../kernel/index.ts';
import { createMemoryQueue } from '../../queue/index.ts';
import type { Invocation } from '../invoke/invoker.ts';
import type { Outcome } from '../outcome.ts';
import { type EventDependencies, type EventInvocations, createEventInvocations } from './event-invocations.ts';
import { recordAttempt } from './store.ts';

let database: TestDatabase;
const running: EventInvocations[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((events) => events.stop()));
  await sql`delete from work`.execute(database.db);
  await sql`delete from function_invocations`.execute(database.db);
});
afterAll(async () => {
  await removeArtifacts();
  await database.drop();
});

const DONE: Outcome = {
  kind: 'result',
  meta: { status: 200, headers: {}, cookies: [] } as never,
  body: Buffer.from('1'),
};
const threw = (message: string): Outcome => ({ kind: 'threw', errorType: 'Error', message, trace: [] });

/** Events whose calls end as `answer` says. */
async function startEvents(
  answer: (call: Invocation) => Promise<Outcome> | Outcome,
  options: Partial<EventDependencies> = {},
) {
  const events = createEventInvocations({
    ...{ db: database.db, clock: systemClock, logger: silentLogger, queue: createMemoryQueue(silentLogger) },
    ...{ owner: newId('host'), pauses: [20, 20] },
    invoker: {
      check: () => Promise.resolve(),
      invoke: async (call) => ({ outcome: await answer(call), version: '1', alias: 'a', duration: 0, cached: false }),
    },
    ...options,
  });
  running.push(events);
  await events.start({ alone: true });
  const accept = async (name: string, more: object = {}) =>
    (await events.accept({ name, qualifier: null, payload: Buffer.from('{}'), by: 'tester', ...more })).id;
  const ended = (id: string, state: string) =>
    until(
      () => events.get(id),
      (row) => row.state === state,
    );
  return { events, accept, ended };
}

/** A promise that is kept when the test says so. */
function gate() {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe('what PostgreSQL does not take', () => {
  test('in the words of a failure is replaced, and the event is given up after three calls', async () => {
    let calls = 0;
    const { accept, ended } = await startEvents(() => {
      calls += 1;
      return threw('a\0b\ud83d');
    });
    const row = await ended(await accept('nul'), 'dead');
    expect([row.attempts, calls, row.failure?.message]).toEqual([3, 3, 'a\uFFFDb\uFFFD']);
  });

  test('in a client context is replaced', async () => {
    const seen: unknown[] = [];
    const { accept, ended } = await startEvents(({ clientContext }) => {
      seen.push(clientContext);
      return DONE;
    });
    await ended(await accept('context', { clientContext: { 'k\0': ['v\0'] } }), 'succeeded');
    expect(seen).toEqual([{ 'k\uFFFD': ['v\uFFFD'] }]);
  });
});

describe('places', () => {
  test('a function with many long calls holds two of them, and leaves the others to the next function', async () => {
    const { open, opened } = gate();
    let now = 0;
    let most = 0;
    let rounds = 0;
    const { accept, ended } = await startEvents(async ({ name }) => {
      if (name === 'quick') return DONE;
      now += 1;
      most = Math.max(most, now);
      rounds += 1;
      await opened;
      now -= 1;
      return DONE;
    });
    const slow = await Promise.all(Array.from({ length: 20 }, () => accept('slow')));
    await until(
      () => now,
      (count) => count === 2,
    );
    await ended(await accept('quick'), 'succeeded');
    expect([now, most]).toEqual([2, 2]);
    const start = performance.now();
    open();
    await Promise.all(slow.map((id) => ended(id, 'succeeded')));
    expect([most, rounds]).toEqual([2, 20]);
    expect(performance.now() - start).toBeLessThan(5000); // one after the other is called; none waits for its own look
  });

  test('events in line look seldom', async () => {
    const { open, opened } = gate();
    let looks = 0;
    const queries = new Proxy(database.db, {
      get: (db, key) => {
        if (key === 'withTables') looks += 1;
        const value: unknown = Reflect.get(db, key);
        return typeof value === 'function' ? value.bind(db) : value;
      },
    });
    const { accept } = await startEvents(async () => opened.then(() => DONE), { db: queries });
    for (let count = 0; count < 40; count += 1) await accept('line');
    await expect.poll(() => looks).toBeGreaterThan(40);
    const before = looks;
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(looks - before).toBeLessThan(120); // each of 38 looks once in two seconds or so
    open();
  });
});

describe('who tells how a try ended', () => {
  test('a host that was overtaken changes nothing of what another has told', async () => {
    const { events, accept, ended } = await startEvents(() => DONE);
    const id = await accept('overtaken');
    await ended(id, 'succeeded');
    const failure = { code: 'FUNCTION_EXITED', errorType: null, message: 'late' };
    expect(await recordAttempt(database.db, { id, attempts: 0 }, { state: 'queued', attempts: 1, failure })).toBe(
      false,
    );
    expect(await events.get(id)).toMatchObject({ state: 'succeeded', attempts: 1, failure: null });
  });

  test('a failure counts only for the attempts that were read, a success for whatever is still queued', async () => {
    const { open, opened } = gate();
    const { events, accept, ended } = await startEvents(() => opened.then(() => DONE));
    const id = await accept('twice');
    const failure = { code: 'FUNCTION_ERROR', errorType: null, message: 'other' };
    await recordAttempt(database.db, { id, attempts: 0 }, { state: 'queued', attempts: 1, failure });
    const late = { state: 'dead', attempts: 3, failure } as const;
    expect(await recordAttempt(database.db, { id, attempts: 0 }, late)).toBe(false);
    expect(await events.get(id)).toMatchObject({ state: 'queued', attempts: 1 });
    open();
    await ended(id, 'succeeded');
  });
});

describe('a stop', () => {
  test.each([
    ['the process was ended', (): Outcome => ({ kind: 'exited', reason: 'was killed by SIGKILL' })],
    [
      'the function was not there any more',
      (): Outcome => {
        throw new FunadeError('FUN_NOT_FOUND', { kind: 'function', id: 'cut', list: '' });
      },
    ],
  ])('costs no try when %s, and the successor calls it at once', async (_, cut) => {
    const { open, opened } = gate();
    const owner = newId('host');
    let calls = 0;
    const first = await startEvents(
      async () => {
        calls += 1;
        await opened;
        return cut();
      },
      { owner, pauses: [60_000, 60_000] },
    );
    const id = await first.accept('cut');
    await until(
      () => calls,
      (count) => count === 1,
    );
    const stopped = first.events.stop();
    open();
    await stopped;
    expect(await first.events.get(id)).toMatchObject({ state: 'queued', attempts: 0, failure: null });
    const second = await startEvents(() => DONE, { owner });
    expect(await second.ended(id, 'succeeded')).toMatchObject({ attempts: 1 });
  });

  test('is no excuse for a call that ended by itself', async () => {
    const { open, opened } = gate();
    let calls = 0;
    const { events, accept } = await startEvents(async () => {
      calls += 1;
      await opened;
      return threw('by itself');
    });
    const id = await accept('honest');
    await until(
      () => calls,
      (count) => count === 1,
    );
    const stopped = events.stop();
    open();
    await stopped;
    expect(await events.get(id)).toMatchObject({ state: 'queued', attempts: 1, failure: { message: 'by itself' } });
  });

  test('of a host takes as long as its calls may take to end, and no longer', async () => {
    const host = await startTestHost(database, { drainDeadline: 500 });
    const code = `export const handler = async () => { console.log('begun'); await new Promise((r) => setTimeout(r, 60_000)); };`;
    await host.functions.standalone.publish({
      ...{ name: 'endless', form: 'module', by: 'tester', code: { kind: 'files', files: { 'index.mjs': code } } },
      config: { runtime: 'nodejs', handler: 'index.handler', timeout: '90s' },
      onFault: asError,
    });
    const { events, logs } = host.functions;
    const { id } = await events.accept({ name: 'endless', qualifier: null, payload: Buffer.from('{}'), by: 'tester' });
    await until(
      () => logs.list({ app: 'endless', limit: 10 }),
      (lines) => lines.length > 0,
    );
    const start = performance.now();
    await host.stop();
    expect(performance.now() - start).toBeLessThan(30_000);
    expect(await events.get(id)).toMatchObject({ state: 'queued', attempts: 0, failure: null });
  });
});
