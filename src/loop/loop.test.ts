import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { LABELS } from '../../test/agent-labels.ts';
import { type LoopRig, PATIENCE, createLoopRig } from '../../test/loop-rig.ts';
import type { MemoryForge } from '../../test/memory-forge.ts';
import { until } from '../../test/release-rig.ts';
import { FunadeError } from '../kernel/index.ts';

let rig: LoopRig;
beforeAll(async () => {
  rig = await createLoopRig();
});
afterEach(() => rig.reset());
afterAll(() => rig.close());

const isOpen = ({ state }: { readonly state: string }) => state === 'open';
const isClosed = ({ state }: { readonly state: string }) => state === 'closed';
const isFailed = ({ state }: { readonly state: string }) => state === 'failed';

function issuesOnForge() {
  return [...rig.forge.subjects.values()].filter(({ kind }) => kind === 'issue');
}

describe('a release that fails', () => {
  test.each(['aborted', 'rolled_back', 'rollback_failed'] as const)(
    'and is %s becomes an issue for the agent',
    async (outcome) => {
      await rig.start();
      await rig.ends(2, outcome);
      const issue = await rig.issue(2, isOpen);
      expect(issue).toMatchObject({ number: 1, times: 1, labelled: true, closedBy: null, reason: null });
      const shown = rig.forge.subject(1);
      expect(shown.title).toBe('greeter v2 failed in production: analysis failed: error-rate');
      expect(shown.body).toContain('the counter is full');
      expect(shown.labels).toEqual([LABELS.trigger]);
      expect(await rig.events(issue.id)).toEqual(['issue.wanted', 'issue.opened']);
    },
  );

  test('in an environment that does not ask for issues becomes none', async () => {
    const quiet = await createLoopRig({ ports: { wantsIssue: () => Promise.resolve(false) } });
    try {
      await quiet.start();
      await quiet.ends(2, 'aborted');
      expect(await quiet.issues()).toEqual([]);
      expect(quiet.forge.calls).toEqual([]);
    } finally {
      await quiet.close();
    }
  });

  test('is told with a number before the label is put on, so that the agent knows the issue as our own', async () => {
    const known: boolean[] = [];
    rig.forge.around = async (verb, when) => {
      if (verb !== 'swapLabel' || when !== 'before') return;
      known.push(await rig.loop.isOwnIssue({ source: 'github', projectId: '7', number: 1 }));
    };
    await rig.start();
    await rig.ends(2, 'aborted');
    await rig.issue(2, isOpen);
    expect(known).toEqual([true]);
    expect(await rig.loop.isOwnIssue({ source: 'github', projectId: '7', number: 2 })).toBe(false);
    expect(await rig.loop.isOwnIssue({ source: 'other', projectId: '7', number: 1 })).toBe(false);
    expect(await rig.loop.isOwnIssue({ source: 'github', projectId: '8', number: 1 })).toBe(false);
  });

  test('again adds its evidence to the same issue', async () => {
    await rig.start();
    await rig.ends(2, 'aborted');
    await rig.issue(2, isOpen);
    await rig.ends(2, 'rolled_back', 'rollout_2-again');
    await until(
      () => Promise.resolve(rig.forge.subject(1).comments.length),
      (count) => count === 1,
      60_000,
    );
    await until(
      () => rig.issue(2, isOpen).then(({ id }) => rig.events(id)),
      (kinds) => kinds.includes('issue.extended'),
      60_000,
    );
    expect(issuesOnForge()).toHaveLength(1);
    expect(rig.forge.subject(1).comments[0]?.body).toContain('rollout_2-again');
    expect(await rig.issues()).toMatchObject([{ times: 2, state: 'open' }]);
  });

  test('again after its issue was closed adds a comment and leaves it closed', async () => {
    await rig.start();
    await rig.ends(2, 'aborted');
    await rig.issue(2, isOpen);
    await rig.ends(3, 'succeeded');
    await rig.issue(2, isClosed);
    await rig.ends(2, 'aborted', 'rollout_2-again');
    const comments = () => Promise.resolve(rig.forge.subject(1).comments);
    await until(comments, (all) => all.some(({ body }) => body.includes('rollout_2-again')), 60_000);
    expect(rig.forge.subject(1).open).toBe(false);
    expect(issuesOnForge()).toHaveLength(1);
  });

  test('told twice of the same rollout is one failure', async () => {
    await rig.ends(2, 'aborted');
    await rig.ends(2, 'aborted');
    await rig.start();
    expect(await rig.issue(2, isOpen)).toMatchObject({ times: 1 });
  });

  test('keeps secrets out of the issue', async () => {
    const leaky = await createLoopRig({
      ports: {
        evidence: (rolloutId) =>
          Promise.resolve({
            app: 'greeter',
            environment: 'production',
            rolloutId,
            runId: null,
            release: { id: 'release_2', number: 2, commit: 'c'.repeat(40), message: 'message s3cret' },
            stable: null,
            outcome: 'aborted',
            reason: 'reason s3cret',
            findings: ['finding s3cret'],
            metrics: [{ name: 'm', value: 'value s3cret', limit: 'l', verdict: 'fail' }],
            at: 0,
            commits: [{ sha: 'c'.repeat(40), subject: 'subject s3cret', author: 'author s3cret' }],
            logs: ['log s3cret'],
          }),
      },
    });
    try {
      await leaky.start();
      await leaky.ends(2, 'aborted');
      await leaky.issue(2, isOpen);
      const { title, body } = leaky.forge.subject(1);
      expect(`${title}\n${body}`).not.toContain('s3cret');
      expect(body.match(/\*\*\*/g)?.length).toBeGreaterThanOrEqual(7);
      const { rows } = await sql<{ evidence: string }>`select evidence::text as evidence from loop_issues`.execute(
        leaky.database.db,
      );
      expect(rows[0]?.evidence).not.toContain('s3cret');
    } finally {
      await leaky.close();
    }
  });
});

describe('a release that bakes', () => {
  test('closes the open issues of what failed before it, and says which release it was', async () => {
    await rig.start();
    await rig.ends(2, 'aborted');
    await rig.ends(3, 'aborted');
    await rig.issue(2, isOpen);
    await rig.issue(3, isOpen);
    await rig.ends(4, 'succeeded');
    const closed = [await rig.issue(2, isClosed), await rig.issue(3, isClosed)];
    expect(closed.map(({ closedBy }) => closedBy)).toEqual(['release_4', 'release_4']);
    for (const subject of issuesOnForge()) {
      expect(subject.open).toBe(false);
      expect(subject.comments.at(-1)?.body).toContain('**v4 has baked in production.**');
    }
    expect(await rig.events(closed[0]?.id ?? '')).toEqual(['issue.wanted', 'issue.opened', 'issue.closed']);
  });

  test('closes its own issue, when it failed once and was tried again', async () => {
    await rig.start();
    await rig.ends(2, 'aborted');
    await rig.issue(2, isOpen);
    await rig.ends(2, 'succeeded', 'rollout_2-again');
    expect(await rig.issue(2, isClosed)).toMatchObject({ closedBy: 'release_2' });
  });

  test('leaves the issue of a later release open', async () => {
    await rig.start();
    await rig.ends(3, 'aborted');
    await rig.issue(3, isOpen);
    await rig.ends(2, 'succeeded');
    const successes = async () =>
      (await sql<{ count: number }>`select cardinality(successes) as count from loop_issues`.execute(rig.database.db))
        .rows[0]?.count;
    await until(successes, (count) => count === 0, 60_000);
    expect(await rig.issues()).toMatchObject([{ state: 'open', closedBy: null }]);
    expect(rig.forge.subject(1).open).toBe(true);
  });

  test('is not forgotten when an older one is put in place right after it', async () => {
    await rig.ends(2, 'aborted');
    await rig.ends(3, 'succeeded');
    await rig.ends(1, 'succeeded');
    await rig.start();
    expect(await rig.issue(2, isClosed)).toMatchObject({ closedBy: 'release_3' });
  });

  test('before the issue could be opened leaves one that is closed and was never handed over', async () => {
    await rig.ends(2, 'aborted');
    await rig.ends(3, 'succeeded');
    await rig.start();
    await rig.issue(2, isClosed);
    expect(issuesOnForge()).toMatchObject([{ open: false, labels: [] }]);
  });

  test('closes an issue that a person has deleted without fuss', async () => {
    await rig.start();
    await rig.ends(2, 'aborted');
    await rig.issue(2, isOpen);
    rig.forge.subjects.clear();
    await rig.ends(3, 'succeeded');
    expect(await rig.issue(2, isClosed)).toMatchObject({ closedBy: 'release_3' });
  });
});

describe('an agent that breaks again and again', () => {
  test('gets three issues in a row; the next is left to people, until a release has baked', async () => {
    await rig.start();
    for (const number of [2, 3, 4, 5]) {
      await rig.ends(number, 'aborted');
      await rig.issue(number, isOpen);
    }
    expect(issuesOnForge().map(({ labels }) => labels)).toEqual([
      [LABELS.trigger],
      [LABELS.trigger],
      [LABELS.trigger],
      [],
    ]);
    expect(issuesOnForge()[3]?.body).toContain('**This one is not handed to the coding agent**');
    expect(await rig.loop.isOwnIssue({ source: 'github', projectId: '7', number: 4 })).toBe(false);
    await rig.ends(6, 'succeeded');
    await rig.issue(5, isClosed);
    await rig.ends(7, 'aborted');
    await rig.issue(7, isOpen);
    expect(rig.forge.subject(5).labels).toEqual([LABELS.trigger]);
  });

  test('is not blamed for failures of which no issue could be opened', async () => {
    let isRefused = true;
    rig.forge.around = (verb, when) => {
      if (verb !== 'openIssue' || when !== 'before' || !isRefused) return;
      throw new FunadeError('FUN_FORGE_REFUSED', { act: 'open an issue', host: 'github.com', reason: 'no' });
    };
    await rig.start();
    for (const number of [2, 3, 4]) {
      await rig.ends(number, 'aborted');
      await rig.issue(number, isFailed);
    }
    isRefused = false;
    await rig.ends(5, 'aborted');
    expect(await rig.issue(5, isOpen)).toMatchObject({ labelled: true });
  });

  test('is counted by environment', async () => {
    await rig.start();
    for (const number of [2, 3, 4]) await rig.ends(number, 'aborted');
    await sql`update loop_issues set environment = 'staging'`.execute(rig.database.db);
    await rig.ends(5, 'aborted');
    expect(await rig.issue(5, isOpen)).toMatchObject({ labelled: true });
  });
});

describe('trouble', () => {
  function failing(error: FunadeError, times: number, verb = 'openIssue') {
    let left = times;
    rig.forge.around = (name, when) => {
      if (name !== verb || when !== 'before' || left === 0) return;
      left -= 1;
      throw error;
    };
  }

  test('that passes is waited out', async () => {
    failing(new FunadeError('FUN_FORGE_UNREACHABLE', { host: 'github.com', reason: 'away' }), 3);
    await rig.start();
    await rig.ends(2, 'aborted');
    expect(await rig.issue(2, isOpen)).toMatchObject({ reason: null });
    expect(rig.forge.calls.filter((verb) => verb === 'openIssue')).toHaveLength(4);
  });

  test('with a time is tried again no earlier than then', async () => {
    const at = Date.now() + 700;
    let opened = 0;
    failing(new FunadeError('FUN_FORGE_LIMITED', { host: 'github.com', at }), 1);
    const fail = rig.forge.around;
    rig.forge.around = (verb, when) => {
      if (verb === 'openIssue' && when === 'after') opened = Date.now();
      return fail?.(verb, when);
    };
    await rig.start();
    await rig.ends(2, 'aborted');
    await rig.issue(2, isOpen);
    expect(opened).toBeGreaterThanOrEqual(at - 60);
  });

  test('that does not pass is given up, told, and tried again with the next failure', async () => {
    failing(new FunadeError('FUN_FORGE_REFUSED', { act: 'open an issue', host: 'github.com', reason: 'no' }), 1);
    await rig.start();
    await rig.ends(2, 'aborted');
    const failed = await rig.issue(2, isFailed);
    expect(failed).toMatchObject({ reason: 'permission', number: null });
    expect(await rig.events(failed.id)).toEqual(['issue.wanted', 'issue.failed']);
    await rig.ends(2, 'aborted', 'rollout_2-again');
    expect(await rig.issue(2, isOpen)).toMatchObject({ reason: null, number: 1, times: 2 });
  });

  test('that lasts too long is given up', async () => {
    failing(new FunadeError('FUN_FORGE_UNREACHABLE', { host: 'github.com', reason: 'away' }), Infinity);
    await rig.start();
    await rig.ends(2, 'aborted');
    await until(
      () => Promise.resolve(rig.forge.calls.length),
      (calls) => calls > 2,
      60_000,
    );
    rig.advance(2 * PATIENCE.patience);
    expect(await rig.issue(2, isFailed)).toMatchObject({ reason: 'forge_unreachable' });
  });

  test.each([
    ['comes from no forge', { repositoryOf: () => Promise.resolve(null) }, 'no_forge'],
    ['comes from a forge without an account', { forgeOf: () => null }, 'no_credentials'],
    ['is not known any more', { evidence: () => Promise.resolve(null) }, 'rollout_unknown'],
  ] as const)('an application that %s can have no issue, and that is said', async (_, ports, reason) => {
    const odd = await createLoopRig({ ports });
    try {
      await odd.start();
      await odd.ends(2, 'aborted');
      expect(await odd.issue(2, isFailed)).toMatchObject({ reason, number: null });
    } finally {
      await odd.close();
    }
  });
});

describe('a process that dies at any call', () => {
  /** The same forge, seen by a process that dies at one of its calls: nothing comes back, and nothing follows. */
  function dyingAt(forge: MemoryForge, nth: number, when: 'before' | 'after') {
    const grave = new AbortController();
    const process = { died: false, bury: () => grave.abort() };
    let calls = 0;
    function silence(): Promise<never> {
      return new Promise((_, reject) => grave.signal.addEventListener('abort', () => reject(new Error('buried'))));
    }
    const deadly = new Proxy(forge, {
      get: (target, name: keyof MemoryForge) => {
        const verb: unknown = target[name];
        if (typeof verb !== 'function') return verb;
        return async (...args: readonly unknown[]): Promise<unknown> => {
          if (process.died) return silence();
          calls += 1;
          if (calls !== nth) return verb(...args) as unknown;
          if (when === 'after') await verb(...args);
          process.died = true;
          return silence();
        };
      },
    });
    return { deadly, process };
  }

  /** Its leases are nobody's now, and it can't prolong them. */
  async function forfeitLeases({ database }: LoopRig): Promise<void> {
    await sql`
      update work set lease_until = clock_timestamp() - interval '1 second', fence = fence + 1
      where lease_until is not null`.execute(database.db);
  }

  const CALLS = [1, 2, 3, 4, 5, 6, 7, 8];
  test.each(CALLS.flatMap((nth) => [[nth, 'before'] as const, [nth, 'after'] as const]))(
    'number %i, %s its effect, leaves one issue, one label and one comment',
    async (nth, when) => {
      let hands: MemoryForge | null = null;
      const mortal = await createLoopRig({ ports: { forgeOf: () => hands } });
      const { deadly, process } = dyingAt(mortal.forge, nth, when);
      hands = deadly;
      const is = (wanted: (issue: { readonly state: string }) => boolean) =>
        until(
          () => mortal.issues(),
          (issues) => process.died || issues.some(wanted),
          60_000,
        );
      try {
        await mortal.start();
        await mortal.ends(2, 'aborted');
        await is(isOpen);
        if (!process.died) await mortal.ends(3, 'succeeded');
        await is(isClosed);
        expect(process.died).toBe(true);
        hands = mortal.forge;
        await forfeitLeases(mortal);
        await mortal.start();
        const last = await mortal.issue(2, (issue) => isOpen(issue) || isClosed(issue));
        if (isOpen(last)) await mortal.ends(3, 'succeeded');
        await mortal.issue(2, isClosed);
        const [subject, ...more] = mortal.forge.subjects.values();
        expect(more).toEqual([]);
        expect(subject).toMatchObject({ open: false, labels: [LABELS.trigger] });
        expect(subject?.comments).toHaveLength(1);
        expect(mortal.forge.calls.filter((verb) => verb === 'swapLabel')).toHaveLength(1);
      } finally {
        process.bury();
        await mortal.close();
      }
    },
  );
});
