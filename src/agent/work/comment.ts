import type { TaskRow } from '../store.ts';
import type { AgentLabels } from '../../config/index.ts';

/** Kept invisible in the one comment that Funade writes on a subject. */
export function markerOf({ kind, number }: Pick<TaskRow, 'kind' | 'number'>): string {
  return `funade-task-${kind}-${number}`;
}

const WHY: Readonly<Record<string, string>> = {
  no_runner:
    'No coding agent is configured on this server. Set `agent.runner` in its `funade.config.yaml` (or `FUNADE_AGENT_RUNNER`), and restart it.',
  permission: 'The account that Funade uses here may not do what the task needs. Give its token or App the permission.',
  login_refused:
    'The token or key that Funade uses here was not accepted for too long. It has to be renewed on the server.',
  forge_not_found: 'Something that the task needs is not here, or the account that Funade uses may not see it.',
  forge_rejected: 'A request that the task needs was turned down here.',
  forge_unreachable: 'The server of Funade could not reach this site for too long.',
  forge_limited: 'This site took no more requests of the account that Funade uses for too long.',
  too_many_attempts: 'It was tried several times, and failed every time.',
};

/**
 * What people read below an issue or change whose task has failed. Only texts of ours: what an agent or an error says may hold
 * what is nobody's business here; the error id leads to it in the log.
 */
export function failureComment(task: TaskRow, labels: AgentLabels): string {
  const why = WHY[task.reason ?? ''] ?? 'The coding agent could not do it.';
  const id = task.error_id === null ? '' : ` Error id: \`${task.error_id}\` (the log of the server tells more).`;
  return [
    `**Funade could not finish this task.** ${why}${id}`,
    `To try again, put the label \`${labels.trigger}\` on once more, or run \`funade tasks retry ${task.id}\`.`,
  ].join('\n\n');
}
