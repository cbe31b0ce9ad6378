import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AgentRig, createAgentRig } from '../../../test/agent-rig.ts';
import { deliver, githubHeaders, pushBody, send, startIntake } from '../../../test/intake-rig.ts';
import { type PollRig, createPollRig, readFound } from '../../../test/polling-rig.ts';
import { type ReleaseRig, configOf, createReleaseRig, until } from '../../../test/release-rig.ts';
import { systemClock } from '../../kernel/index.ts';
import { type RunRow, listRuns } from '../../releases/index.ts';
import type { Admission, Arrival } from '../port.ts';
import type { PolledApplication, Poller } from './port.ts';

const MINUTE = 60_000;
const [A, B, C] = ['a', 'b', 'c'].map((digit) => digit.repeat(40)) as [string, string, string];

describe('a push that no webhook told of', () => {
  let releases: ReleaseRig;
  let rig: PollRig;
  let poller: Poller;
  beforeEach(async () => {
    releases = await createReleaseRig();
    const place = releases.repository;
    await place.commit({
      'funade.yaml': configOf(['test: "true"'], { on: '{ branches: [main, "release/*"], tags: ["v*"] }' }),
    });
    await releases.releases.addApp({ source: place.path, ref: null, repository: 'octo/greeter', by: 'aoi' });
    await releases.releases.stop();
    rig = createPollRig(releases.database.db);
    rig.clock.set(systemClock.now());
    poller = rig.poller({ admission, applications: () => Promise.resolve([application]) });
    rig.forge.world().refs.set('refs/heads/main', A).set('refs/heads/next', A);
  });
  afterEach(() => releases.close());

  const application: PolledApplication = {
    source: 'github',
    repository: { id: null, fullName: 'octo/greeter' },
    address: null,
    refs: { branches: ['main', 'release/*'], tags: ['v*'] },
  };

  const admission: Admission = {
    plan: async (trx, arrivals) => {
      const plan = await releases.releases.planAdmission(trx, arrivals.map(updateOf));
      const decisions = plan.decisions.map((each) => (each.kind === 'queued' ? { ...each, taskIds: [] } : each));
      return { decisions, write: (places) => plan.write(places) };
    },
  };

  function updateOf({ event, ...arrival }: Arrival) {
    if (event.kind !== 'push' && event.kind !== 'tag') throw new TypeError('only pushes are told here');
    const { repository, actor, after: sha, before, kind } = event;
    const ref = event.kind === 'push' ? event.branch : event.tag;
    const { id, fullName, cloneUrls: addresses } = repository;
    return { ...arrival, kind, ref, sha, before, repository: { id, fullName, addresses }, actor, commit: null };
  }

  async function runs(): Promise<readonly Pick<RunRow, 'sha' | 'trigger'>[]> {
    return [...(await listRuns(releases.database.db, { limit: 100 }))].toReversed();
  }
  const commits = async () => (await runs()).map(({ sha }) => sha);
  const point = (ref: string, sha: string) => rig.forge.world().refs.set(ref, sha);
  const look = async () => (await poller.runOnce()).found;
  const push = (port: number, before: string, after: string) =>
    deliver(port, pushBody({ before, after, head_commit: null, repository: { id: 7, full_name: 'octo/greeter' } }));

  test('is found once; the first look only remembers what is there', async () => {
    expect(await look()).toBe(0);
    point('refs/heads/main', B);
    point('refs/heads/next', B);
    expect(await look()).toBe(1);
    rig.forge.calls.length = 0;
    expect(await look()).toBe(0);
    expect(rig.forge.calls).toEqual(['listLabelled octo/greeter =', 'listRefs octo/greeter =']);
    expect(await runs()).toMatchObject([
      { sha: B, trigger: { kind: 'push', ref: 'main', actor: 'automation', via: 'poll' } },
    ]);
    expect(await readFound(releases.database.db)).toMatchObject([
      { delivery_id: expect.stringContaining(`poll:7:refs/heads/main:${B}:`), via: 'poll', outcome: 'queued' },
    ]);
  });

  test('is found as often as the branch is pushed on and back', async () => {
    await look();
    for (const sha of [B, A, B, A]) {
      point('refs/heads/main', sha);
      expect(await look()).toBe(1);
    }
    expect(await commits()).toEqual([B, A, B, A]);
  });

  test('is found for branches and tags that are new, once more when they come back, and never for those that go', async () => {
    await look();
    point('refs/heads/release/1', B);
    point('refs/tags/v1', B);
    point('refs/tags/other', B);
    expect(await look()).toBe(2);
    rig.forge.world().refs.delete('refs/heads/release/1');
    rig.forge.world().refs.delete('refs/tags/v1');
    expect(await look()).toBe(0);
    point('refs/heads/release/1', C);
    expect(await look()).toBe(1);
    const told = (await runs()).map(({ sha, trigger }) => `${trigger.kind} ${trigger.ref} ${sha?.[0]}`);
    expect(told).toEqual(['push release/1 b', 'tag v1 b', 'push release/1 c']);
  });

  test('and a webhook of the same in the same second are one run, whichever is first', async () => {
    await look();
    const intake = await startIntake({ db: releases.database.db, admission });
    let before = A;
    const pushed = ['1', '2', '3', '4', '5', '6'].map((digit) => digit.repeat(40));
    for (const after of pushed) {
      point('refs/heads/main', after);
      const [answer] = await Promise.all([push(intake.port, before, after), look()]);
      expect(answer.status).toBe(200);
      before = after;
    }
    expect(await commits()).toEqual(pushed);
    expect(await readFound(releases.database.db)).toHaveLength(12);
    await intake.stop();
  });

  test('and webhooks that come late are one run of the newest, and the next webhook is another', async () => {
    await look();
    point('refs/heads/main', C);
    await look();
    const intake = await startIntake({ db: releases.database.db, admission });
    expect((await push(intake.port, A, B)).body).toEqual({ status: 'ignored', reason: 'push_overtaken' });
    expect((await push(intake.port, B, C)).body).toEqual({ status: 'ignored', reason: 'already_handled' });
    expect((await push(intake.port, C, A)).body).toMatchObject({ status: 'success' });
    point('refs/heads/main', A);
    expect(await look()).toBe(1);
    expect(await commits()).toEqual([C, A]);
    await intake.stop();
  });

  test('is not made of branches that a new application would release; while there is none, nothing is remembered', async () => {
    const applications: PolledApplication[] = [application];
    const changing = rig.poller({ admission, applications: () => Promise.resolve(applications) });
    await changing.runOnce();
    applications.length = 0;
    await changing.runOnce();
    point('refs/heads/main', B);
    await changing.runOnce();
    applications.push(application);
    expect(await changing.runOnce()).toMatchObject({ found: 0 });
    point('refs/heads/main', C);
    expect(await changing.runOnce()).toMatchObject({ found: 1 });
    expect(await commits()).toEqual([C]);
  });
});

describe('labels', () => {
  let agents: AgentRig;
  let rig: PollRig;
  beforeEach(async () => {
    agents = await createAgentRig();
    rig = createPollRig(agents.database.db);
    rig.clock.set(systemClock.now());
  });
  afterEach(() => agents.close());

  const admission: Admission = {
    plan: async (trx, arrivals) => {
      const told = arrivals.map(({ event, ...arrival }) => {
        if (event.kind === 'push' || event.kind === 'tag') throw new TypeError('only labels are told here');
        return { ...arrival, event };
      });
      const plan = await agents.agent.planAdmission(trx, told);
      const decisions = plan.decisions.map((each) => (each.kind === 'queued' ? { ...each, runIds: [] } : each));
      return { decisions, write: (places) => plan.write(places) };
    },
  };

  function labelledBody(number: number, at: number): string {
    const time = new Date(at).toISOString();
    const label = { id: 3, name: 'coding agent' };
    return JSON.stringify({
      action: 'labeled',
      label,
      issue: {
        id: number,
        number,
        title: `Title of ${number}`,
        html_url: `https://github.com/octo/greeter/issues/${number}`,
        state: 'open',
        user: { login: 'mona', id: 11, type: 'User' },
        labels: [label],
        assignees: [],
        created_at: time,
        updated_at: time,
      },
      repository: { id: 7, full_name: 'octo/greeter', html_url: 'https://github.com/octo/greeter' },
      sender: { login: 'mona', id: 11, type: 'User' },
    });
  }

  const tell = (port: number, number: number, at: number) => {
    const body = labelledBody(number, at);
    return send(port, { headers: githubHeaders(body, 'issues'), body });
  };

  test('that were set while the receiver was down for ten minutes all run, once, also when GitHub sends them after all', async () => {
    const set = rig.clock.now() - 10 * MINUTE;
    for (const number of [1, 2, 3]) {
      rig.forge.label(number, set + number * MINUTE);
      agents.forge.label(number, 'coding agent');
    }
    await agents.start();
    expect(await rig.poller({ admission }).runOnce()).toMatchObject({ found: 3, failed: [] });
    await rig.poller({ admission }).runOnce();
    await until(
      () => agents.tasks(),
      (tasks) => tasks.length === 3 && tasks.every(({ state }) => state === 'succeeded'),
    );
    const intake = await startIntake({ db: agents.database.db, admission });
    for (const number of [1, 2, 3]) {
      expect((await tell(intake.port, number, set + number * MINUTE)).body).toMatchObject({ status: 'ignored' });
    }
    await intake.stop();
    expect(await agents.tasks()).toMatchObject([1, 2, 3].map(() => ({ via: 'poll', generation: 1 })));
  });

  test('that a webhook and polling tell of in the same second are one task', async () => {
    const intake = await startIntake({ db: agents.database.db, admission });
    const at = Math.floor(rig.clock.now() / 1000) * 1000;
    for (let number = 1; number <= 5; number += 1) {
      rig.forge.label(number, at);
      const [answer] = await Promise.all([tell(intake.port, number, at), rig.poller({ admission }).runOnce()]);
      expect(answer.status).toBe(200);
    }
    await intake.stop();
    const tasks = await agents.tasks();
    expect(tasks.map(({ number }) => number).toSorted()).toEqual([1, 2, 3, 4, 5]);
    const found = await readFound(agents.database.db);
    expect(found.filter(({ outcome }) => outcome === 'queued')).toHaveLength(5);
  });
});
