import type { Settings } from './load.ts';
import {
  AGENT_NETWORKS,
  AGENT_RUNNERS,
  type AgentBudget,
  type AgentConfig,
  type AgentLabels,
  MODEL_PROVIDERS,
  type ModelConfig,
} from './model.ts';
import { durationOf, mcpServers, oneOf, text, textOrNull, texts, whole, wholeOrNull } from './reading.ts';

export function agentOf(settings: Settings): AgentConfig {
  return {
    runner: oneOf(AGENT_RUNNERS, settings, 'agent.runner'),
    slots: whole(settings, 'agent.slots'),
    labels: agentLabels(settings),
    repositories: texts(settings, 'agent.repositories'),
    command: textOrNull(settings, 'agent.command'),
    model: modelOf(settings),
    network: oneOf(AGENT_NETWORKS, settings, 'agent.network'),
    untrusted: oneOf(['refuse', 'allow'], settings, 'agent.untrusted'),
    budget: budgetOf(settings),
    limits: {
      memory: whole(settings, 'agent.limits.memory'),
      processes: whole(settings, 'agent.limits.processes'),
      output: whole(settings, 'agent.limits.output'),
    },
    branchPrefix: text(settings, 'agent.branchPrefix'),
    planApproval: oneOf(['never', 'required'], settings, 'agent.planApproval'),
    pausedFor: durationOf(settings, 'agent.pausedFor'),
    mcp: mcpServers(settings, 'agent.mcp'),
  };
}

function modelOf(settings: Settings): ModelConfig {
  return {
    provider: oneOf(MODEL_PROVIDERS, settings, 'agent.model.provider'),
    url: textOrNull(settings, 'agent.model.url'),
    name: textOrNull(settings, 'agent.model.name'),
    key: textOrNull(settings, 'agent.model.key'),
    window: whole(settings, 'agent.model.window'),
    price: {
      input: wholeOrNull(settings, 'agent.model.price.input'),
      output: wholeOrNull(settings, 'agent.model.price.output'),
    },
  };
}

function budgetOf(settings: Settings): AgentBudget {
  return {
    steps: whole(settings, 'agent.budget.steps'),
    tokens: whole(settings, 'agent.budget.tokens'),
    money: wholeOrNull(settings, 'agent.budget.money'),
    time: durationOf(settings, 'agent.budget.time'),
  };
}

function agentLabels(settings: Settings): AgentLabels {
  return {
    trigger: text(settings, 'agent.labels.trigger'),
    processing: text(settings, 'agent.labels.processing'),
    done: text(settings, 'agent.labels.done'),
    failed: text(settings, 'agent.labels.failed'),
    paused: text(settings, 'agent.labels.paused'),
    stopped: text(settings, 'agent.labels.stopped'),
  };
}
