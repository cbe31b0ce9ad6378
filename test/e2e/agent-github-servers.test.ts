import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AgentProcesses, SEVERAL_MINUTES, commentOf, createAgentProcesses, poll } from '../agent-processes.ts';

const WRITE = { write: ['greet.txt', 'hello\n'] };

describe('a server without an agent', { timeout: SEVERAL_MINUTES }, () => {
  let processes: AgentProcesses;
  beforeAll(async () => {
    processes = await createAgentProcesses({ FUNADE_AGENT_RUNNER: 'none' });
    await processes.start('all');
  }, SEVERAL_MINUTES);
  afterAll(() => processes.stop(), SEVERAL_MINUTES);

  test('lets tasks fail with that reason, once, in a comment', async () => {
    const { issue } = processes.repository('octo/nobody');
    const subject = issue({ work: [WRITE] });
    expect(await processes.until(subject, 'failed')).toMatchObject({ reason: 'no_runner', attempts: 1 });
    expect(subject.labels).toEqual(['coding agent failed']);
    expect(commentOf(subject).body).toContain('No coding agent is configured');
    processes.check();
  });
});

describe(
  'a receiver and a consumer of their own, which ask for approval of plans and work for one repository',
  {
    timeout: SEVERAL_MINUTES,
  },
  () => {
    let processes: AgentProcesses;
    beforeAll(async () => {
      processes = await createAgentProcesses({
        FUNADE_AGENT_PLAN_APPROVAL: 'required',
        FUNADE_AGENT_REPOSITORIES: 'octo/greeter',
      });
      await Promise.all([processes.start('webhook'), processes.start('consumer')]);
    }, SEVERAL_MINUTES);
    afterAll(() => processes.stop(), SEVERAL_MINUTES);

    test('leave an issue of another repository alone: no label moves, and nothing is written', async () => {
      const { issue } = processes.repository('octo/other');
      const subject = issue({ work: [WRITE] });
      expect((await processes.until(subject, 'cancelled')).reason).toBe('repository_not_allowed');
      expect(subject.labels).toEqual(['coding agent']);
      expect(subject.comments).toEqual([]);
    });

    test('work by a plan that a writer has approved, also where the repository wants no approval', async () => {
      const { git, issue } = processes.repository('octo/greeter', { 'funade.yaml': 'agent:\n  planApproval: never\n' });
      const subject = issue({ plan: [{ plan: ['- [ ] Greet politely'] }], work: [WRITE] });
      await processes.until(subject, 'awaiting_approval');
      expect(commentOf(subject).body).toContain('waits for approval');
      processes.github.comment(subject, '/funade plan ok', 'mona');
      await processes.until(subject, 'succeeded');
      expect(git.files('funade/issue-1')).toContain('greet.txt');
      await poll(
        () => subject.labels.includes('coding agent done'),
        () => `labels: ${subject.labels.join(', ')}`,
      );
      processes.check();
    });
  },
);
