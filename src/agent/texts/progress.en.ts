/** The progress comment and the body of a change. */
export const texts = {
  working: '◌ **Funade is working on this.**',
  waiting: '◷ **Waiting, to try it again.** {why}',
  pausing: '॥ **Pausing.** {why}',
  paused: '॥ **Paused.** {why} Branch, plan and conversation are kept.',
  stopping: '⊘ **Stopping.** {why}',
  stopped: '⊘ **Stopped.** {why}',
  expired: '⊘ **Given up.** {why}',
  cancelled: '⊘ **Cancelled.** {why}',
  planWaits: '◷ **This plan waits for approval.**',
  done: '✔ **Done.** The work is in {change}, as a draft for your review.',
  doneUpdated: '✔ **Done.** The work is in {change}.',
  doneBranch:
    '✔ **Done.** {change} already closes this, so no second one was opened: the work is on the branch {branch}, to be merged into it.',
  doneOnly: '✔ **Done.**',
  unchanged: '✔ **Done, and nothing changed.** The agent found nothing to change, so there is no pull request.',
  failed: '✖ **Funade could not finish this task.** {why}',
  lastFailure: 'Last time: {why}',
  errorId: 'Error id: `{id}` (the log of the server tells more).',
  branchKept: 'What was done so far is on the branch {branch}.',
  logs: 'What the agent did and said: `funade tasks logs {task}`.',
  retry:
    'To try again, put the label `{label}` on once more, comment `/funade retry`, or run `funade tasks retry {task}`.',
  again: 'To begin anew, put the label `{label}` on once more, or comment `/funade retry`.',
  steer:
    'Comments of people with a write role reach the agent. Commands in a comment: `/funade pause`, `/funade stop`. Unassigning Funade, where it was assigned, stops it too.',
  resume: 'To go on, comment `/funade resume`; to end it, `/funade stop`. Until {until} it can go on.',
  approve:
    'To approve it, comment `/funade plan ok`. To have it made anew, comment what should be different, and `/funade resume`. To end it, `/funade stop`.',
  refusedCommand: '"/funade {command}" can\'t be done in the present state.',
  unknownCommand: 'There is no command "/funade {command}"; there are stop, pause, resume, retry and plan ok.',
  said: 'What the agent says:',
  moreItems: '… and {count} more',
  branch: 'branch {branch}',
  change: 'change {change}',
  attempt: 'attempt {number}',
  steps: '{count} steps',
  tokens: '{count} tokens',
  money: '${amount}',
  task: 'task `{task}`',
  by: '({who})',
  byBecause: '({who}: {reason})',
  closes: 'Closes #{number}',
  made: 'Made by Funade for {subject}, task `{task}`. The draft waits for a review by people.',
} as const;

export type ProgressTexts = { readonly [key in keyof typeof texts]: string };
