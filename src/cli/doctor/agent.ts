import { type AgentView, agentView, reasonText } from '../../api/contract/index.ts';
import { messageOf } from '../../kernel/index.ts';
import { type Client, ProblemError } from '../client.ts';
import type { Context } from '../context.ts';
import type { Check } from '../render/checks.ts';

/** Whether agents could work on the server: a runner, isolation, and a model that answers. */
export async function checkAgent(context: Context, client: Client): Promise<readonly Check[]> {
  const { text } = context;
  try {
    const agent = await client.get('/api/v1/agent', agentView);
    if (agent.runner === 'none') {
      const fix = text('doctor.agentNoneFix');
      return [{ name: text('doctor.agent'), status: 'warn', finding: text('doctor.agentNone'), fix }];
    }
    return [runnerCheck(context, agent), ...modelChecks(context, agent)];
  } catch (thrown) {
    // A server of an earlier version does not tell.
    if (thrown instanceof ProblemError && thrown.problem.status === 404) return [];
    const finding = messageOf(thrown);
    return [{ name: text('doctor.agent'), status: 'fail', finding, fix: text('doctor.componentFix') }];
  }
}

function runnerCheck({ text, language }: Context, agent: AgentView): Check {
  const name = text('doctor.agent');
  const { runner, trouble, isolation } = agent;
  const values = { runner, tier: isolation.tier };
  if (trouble === 'no_isolation') {
    const finding = `${reasonText('task', trouble, language)} (${isolation.reason})`;
    return { name, status: 'fail', finding, fix: text('doctor.agentIsolationFix') };
  }
  if (trouble !== null) {
    return { name, status: 'fail', finding: reasonText('task', trouble, language), fix: text('doctor.agentRunnerFix') };
  }
  const isOpen = isolation.tier === 'C' && runner !== 'noop';
  if (!isOpen) return { name, status: 'ok', finding: text('doctor.agentOk', values), fix: null };
  const finding = text('doctor.agentOpen', values);
  return { name, status: 'warn', finding, fix: text('doctor.agentIsolationFix') };
}

function modelChecks({ text, language }: Context, { model }: AgentView): readonly Check[] {
  if (model === null) return [];
  const name = text('doctor.model');
  const place = { name: model.name ?? '-', host: model.host ?? '-' };
  if (model.trouble === null) return [{ name, status: 'ok', finding: text('doctor.modelOk', place), fix: null }];
  const finding = `${text('doctor.modelAt', place)}: ${reasonText('task', model.trouble, language)} (${model.detail})`;
  // It may be listed by another name, and a limit passes.
  const passes = model.trouble === 'model_not_found' || model.trouble === 'model_limited';
  return [{ name, status: passes ? 'warn' : 'fail', finding, fix: text('doctor.modelFix') }];
}
