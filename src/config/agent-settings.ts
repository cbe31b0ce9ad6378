import type { AgentProjectConfig } from './app/model.ts';
import type { AgentBudget, AgentConfig } from './server/model.ts';

/** What holds for one task: the server's settings, narrowed by those of the repository. */
export interface AgentSettings {
  readonly runner: AgentConfig['runner'];
  readonly budget: AgentBudget;
  readonly branchPrefix: string;
  readonly planApproval: boolean;
  readonly allowedPaths: readonly string[];
  readonly checks: readonly string[];
}

export type AgentDefaults = Pick<AgentConfig, 'runner' | 'budget' | 'branchPrefix' | 'planApproval'>;

/** A repository can ask for another runner, less of a budget, approval of plans; never for more than the server gives. */
export function agentSettings(server: AgentDefaults, project: AgentProjectConfig | null): AgentSettings {
  const { steps, tokens, money, time } = server.budget;
  const asked = project?.budget;
  return {
    runner: server.runner === 'none' ? 'none' : (project?.runner ?? server.runner),
    budget: {
      steps: Math.min(steps, asked?.steps ?? steps),
      tokens: Math.min(tokens, asked?.tokens ?? tokens),
      money: least(money, asked?.money ?? null),
      time: Math.min(time, asked?.time ?? time),
    },
    branchPrefix: project?.branchPrefix ?? server.branchPrefix,
    planApproval: server.planApproval === 'required' || project?.planApproval === 'required',
    allowedPaths: project?.allowedPaths ?? [],
    checks: project?.checks ?? [],
  };
}

function least(left: number | null, right: number | null): number | null {
  if (left === null || right === null) return left ?? right;
  return Math.min(left, right);
}
