import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { admitAll, deliver, pushBody } from '../../test/intake-rig.ts';
import { useIntake } from '../../test/use-intake.ts';
import { type LabelAddedEvent, forgeWebhooks } from '../forges/index.ts';
import { silentLogger, systemClock } from '../kernel/index.ts';
import { readEvents, transaction } from '../store/index.ts';
import { type Admission, type Arrival, type Finding, recordFindings } from './index.ts';

const { db, start, count, countWaiting } = useIntake();

let counter = 0;

function issueBody(action: string, overrides: Readonly<Record<string, unknown>> = {}): string {
  counter += 1;
  const labels = [{ name: 'coding agent' }, { name: 'bug' }];
  return JSON.stringify({
    action,
    issue: {
      number: 7,
      title: `Greet ${counter}`,
      html_url: 'https://github.com/octo/greeter/issues/7',
      state: 'open',
      user: { login: 'mona', id: 11, type: 'User' },
      labels,
      assignees: [],
      updated_at: '2026-01-02T03:04:05Z',
    },
    repository: { id: 7, full_name: 'octo/greeter', html_url: 'https://github.com/octo/greeter' },
    sender: { login: 'mona', id: 11, type: 'User' },
    ...(action === 'labeled' || action === 'unlabeled' ? { label: labels[0] } : {}),
    ...overrides,
  });
}

/** One task for each subject that has none yet, as the agent decides. */
function oneTaskEach(): Admission {
  return {
    plan: async (trx, arrivals) => {
      const { rows } = await sql<{ ref: string }>`select ref from admitted`.execute(trx);
      const alive = new Set(rows.map(({ ref }) => ref));
      const decided = arrivals.map(({ event }) => {
        const key = 'ref' in event ? event.ref : `issue ${event.subject.number}`;
        const isFirst = !alive.has(key);
        alive.add(key);
        return { key, id: isFirst ? `task_${randomUUID()}` : null };
      });
      return {
        decisions: decided.map(({ id }) =>
          id === null ? { kind: 'ignored', reason: 'task_alive' } : { kind: 'queued', runIds: [], taskIds: [id] },
        ),
        write: async (places) => {
          for (const place of places) {
            const { key, id } = decided[place]!;
            if (id !== null) await sql`insert into admitted (run, ref) values (${id}, ${key})`.execute(trx);
          }
        },
      };
    },
  };
}

describe('what happens to issues', () => {
  test('is handed to the admission with forge and source, and told with its subject', async () => {
    const seen: Arrival[] = [];
    const admission: Admission = {
      plan: (trx, arrivals) => {
        seen.push(...arrivals);
        return admitAll.plan(trx, arrivals);
      },
    };
    const rig = await start({ admission });
    const id = randomUUID();
    const answer = await deliver(rig.port, issueBody('labeled'), 'issues', id);
    expect(answer.body).toEqual({ status: 'success', task_queued: true, delivery_id: id });
    expect(seen).toMatchObject([
      {
        source: 'github',
        forge: 'github',
        host: 'github.example',
        via: 'webhook',
        deliveryId: id,
        isReplay: false,
        event: { kind: 'label_added', added: ['coding agent'], subject: { kind: 'issue', number: 7 } },
      },
    ]);
    const stored = await rig.intake.getDelivery(id);
    expect(stored).toMatchObject({ outcome: 'queued', runIds: [], taskIds: [expect.stringMatching(/^task_/)] });
    await expect
      .poll(() => readEvents(db(), { after: 0, limit: 1, subject: stored?.id }), { timeout: 10_000 })
      .toMatchObject([
        {
          kind: 'delivery.received',
          data: {
            repository: 'octo/greeter',
            subject: 'issue',
            number: 7,
            sender: 'mona',
            taskIds: stored?.taskIds,
            forge: 'github',
            via: 'webhook',
          },
        },
      ]);
  });

  test.each([
    ['a label that was taken off', 'unlabeled', 'label_removed'],
    ['a pin', 'pinned', 'action_not_handled'],
  ])('is ignored, where it is %s', async (_, action, reason) => {
    const rig = await start();
    expect((await deliver(rig.port, issueBody(action), 'issues')).body).toEqual({ status: 'ignored', reason });
  });

  test('a payload of another event under the name of this one is no task', async () => {
    const rig = await start();
    const answer = await deliver(rig.port, pushBody(), 'issues');
    expect(answer.body).toEqual({ status: 'ignored', reason: 'payload_mismatch' });
  });
});

describe('deliveries about one subject that arrive together', () => {
  /** Delivers the first and holds it up until the others wait behind it, so that those are stored together. */
  async function together(bodies: readonly (readonly [string, string])[]) {
    const github = forgeWebhooks.get('github')!;
    let parsed = 0;
    const counting = {
      ...github,
      parse: (request: Parameters<typeof github.parse>[0]) => {
        parsed += 1;
        return github.parse(request);
      },
    };
    const rig = await start({
      admission: oneTaskEach(),
      forges: new Map([['github', counting]]),
      limits: { concurrency: 1 },
    });
    let answers: Promise<readonly Readonly<Record<string, unknown>>[]> | undefined;
    await transaction(db(), async (trx) => {
      await sql`lock table deliveries in exclusive mode`.execute(trx);
      const first = deliver(rig.port);
      await expect.poll(countWaiting).toBe(1);
      const others = bodies.map(async ([body, id]) => (await deliver(rig.port, body, 'issues', id)).body);
      answers = Promise.all(others);
      await expect.poll(() => parsed).toBe(1 + bodies.length);
      void first;
    });
    return (await answers) ?? [];
  }

  test('become one task: the creation and its labels, in any order', async () => {
    const bodies = ['labeled', 'opened', 'labeled', 'labeled'].map(
      (action) => [issueBody(action), randomUUID()] as const,
    );
    const answers = await together(bodies);
    expect(answers.map(({ status }) => status).toSorted()).toEqual(['ignored', 'ignored', 'ignored', 'success']);
    expect(answers.flatMap(({ reason }) => reason ?? [])).toEqual(['task_alive', 'task_alive', 'task_alive']);
    expect(await count()).toEqual([5, 2]);
  });

  test('become one task also when the one that it rested on had been delivered before', async () => {
    const twice = [issueBody('labeled'), randomUUID()] as const;
    // The first of the two is stored and forgotten by the admission, as after a task that has ended.
    const before = await start();
    await deliver(before.port, twice[0], 'issues', twice[1]);
    await sql`truncate admitted`.execute(db());
    const answers = await together([twice, [issueBody('labeled'), randomUUID()]]);
    expect(answers.map(({ status }) => status)).toEqual(['duplicate', 'success']);
  });
});

describe('what polling found', () => {
  function finding(deliveryId: string, number = 9): Finding {
    const actor = { login: 'mona', id: '11', isBot: false };
    const event: LabelAddedEvent = {
      kind: 'label_added',
      repository: { host: 'github.com', id: '7', fullName: 'octo/greeter', cloneUrls: [] },
      subject: {
        kind: 'issue',
        number,
        title: 'Greet',
        url: `https://github.com/octo/greeter/issues/${number}`,
        open: true,
        author: actor,
        labels: ['coding agent'],
        assignees: [],
      },
      actor,
      at: 1_767_000_000_000,
      added: ['coding agent'],
    };
    return { source: 'github', forge: 'github', host: 'github.com', deliveryId, events: [event] };
  }

  function record(findings: readonly Finding[], admission: Admission = admitAll) {
    return recordFindings({ db: db(), clock: systemClock, logger: silentLogger, admission }, findings);
  }

  test('is a delivery that tells what it was, once for the same finding', async () => {
    const rig = await start();
    const results = await record([finding('poll:1'), finding('poll:2', 10)]);
    expect(results).toMatchObject([
      { kind: 'recorded', recorded: { kind: 'stored', decision: { outcome: 'queued' } } },
      { kind: 'recorded', recorded: { kind: 'stored', decision: { outcome: 'queued' } } },
    ]);
    expect(await record([finding('poll:1')])).toMatchObject([{ kind: 'recorded', recorded: { kind: 'duplicate' } }]);
    expect(await count()).toEqual([2, 2]);
    const stored = await rig.intake.getDelivery('poll:1');
    expect(stored).toMatchObject({ via: 'poll', event: 'poll', headers: {}, secretLabel: null, duplicates: 1 });
    expect(JSON.parse(stored?.body ?? '')).toMatchObject({
      events: [{ kind: 'label_added', added: ['coding agent'] }],
    });
  });

  test('by two processes in the same moment is admitted once', async () => {
    const results = await Promise.all([record([finding('poll:3')]), record([finding('poll:3')])]);
    const kinds = results.flat().map((result) => (result.kind === 'recorded' ? result.recorded.kind : 'failed'));
    expect(kinds.toSorted()).toEqual(['duplicate', 'stored']);
    expect(await count()).toEqual([1, 1]);
  });

  test('can be replayed from the events that were stored', async () => {
    const seen: Arrival[] = [];
    const admission: Admission = {
      plan: (trx, arrivals) => {
        seen.push(...arrivals);
        return admitAll.plan(trx, arrivals);
      },
    };
    const rig = await start({ admission });
    await record([finding('poll:4')], admission);
    const replayed = await rig.intake.replay('poll:4', 'mona');
    expect(seen).toMatchObject([
      { via: 'poll', host: 'github.com', isReplay: false },
      { via: 'poll', host: 'github.example', isReplay: true },
    ]);
    expect(replayed).toMatchObject({ outcome: 'queued', via: 'poll', replayOf: expect.stringMatching(/^dlv_/) });
    expect(await count()).toEqual([2, 2]);
  });

  test('is kept as rejected when the admission is at fault, and none of many suffers from another', async () => {
    const admission: Admission = {
      plan: (trx, arrivals) => {
        if (arrivals.some(({ deliveryId }) => deliveryId === 'poll:6')) throw new TypeError('cursed');
        return admitAll.plan(trx, arrivals);
      },
    };
    const results = await record([finding('poll:5'), finding('poll:6'), finding('poll:7')], admission);
    const outcomes = results.map((result) =>
      result.kind === 'recorded' && result.recorded.kind === 'stored' ? result.recorded.decision.outcome : result.kind,
    );
    expect(outcomes).toEqual(['queued', 'rejected', 'queued']);
  });
});

test('the list can be narrowed by source and outcome', async () => {
  const rig = await start();
  await deliver(rig.port);
  await deliver(rig.port, issueBody('pinned'), 'issues');
  const outcomes = async (filter: object) =>
    (await rig.intake.listDeliveries({ limit: 10, ...filter })).items.map(({ outcome }) => outcome);
  expect(await outcomes({})).toEqual(['ignored', 'queued']);
  expect(await outcomes({ outcome: 'ignored' })).toEqual(['ignored']);
  expect(await outcomes({ source: 'github', outcome: 'queued' })).toEqual(['queued']);
  expect(await outcomes({ source: 'gitlab' })).toEqual([]);
});
