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
export { runners } from './runners/index.ts';
export { hasTaskEnded } from './task.ts';
export type { Backoff } from './work/trouble.ts';
