export { type AgentOptions, createAgent } from './agent.ts';
export type {
  Agent,
  AgentMetrics,
  Job,
  PlannedTasks,
  Runner,
  RunnerEnd,
  Task,
  TaskAdmitted,
  TaskArrival,
  TaskAttempt,
  TaskState,
} from './port.ts';
export { TASK_STATES } from './port.ts';
export { type ModelStanding, checkModel } from './model/check.ts';
export { baseUrlOf } from './model/endpoint.ts';
export { createModelProxy } from './model/proxy.ts';
export { createRedaction } from './redaction.ts';
export { createBuiltinRunner } from './runners/builtin/index.ts';
export { createBoxedCommand, createCheckRunner, createCommandRunner } from './runners/command/index.ts';
export { runners } from './runners/index.ts';
export { hasTaskEnded, possibleActs } from './steering.ts';
export type { Backoff } from './work/trouble.ts';
export type { CheckRunner } from './work/place.ts';
export { createWorkspaces } from './workspace/index.ts';
export type { ChangedFile, PushEnd, Workspace, WorkspaceRequest, Workspaces } from './workspace/port.ts';
