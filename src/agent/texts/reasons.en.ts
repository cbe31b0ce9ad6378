/** Why a task ended, or waits, as people read it on the forge: what happened, and what they can do. Every code of a task has a text. */
export const reasons = {
  // the server
  no_runner:
    'No coding agent is configured on this server. Set `agent.runner` in its `funade.config.yaml` (or `FUNADE_AGENT_RUNNER`), and restart it.',
  no_isolation:
    'This server can not keep programs apart from each other, and runs no agent without that. `funade doctor` says what is missing.',
  no_credentials: 'The server of Funade has no token or key for this site. Add one, and restart it.',
  workspace_failed:
    'The server could not make a checkout of this repository. Check the disk space and rights of its data directory.',
  repository_not_allowed: 'This repository is not among those that the server works on (`agent.repositories`).',
  config_invalid:
    'The `funade.yaml` of this repository has faults. Correct these lines on the branch that the work starts from:',
  // the forge
  permission: 'The account that Funade uses here may not do what the task needs. Give its token or App the permission.',
  login_refused:
    'The token or key that Funade uses here was not accepted for too long. It has to be renewed on the server.',
  forge_not_found: 'Something that the task needs is not here, or the account that Funade uses may not see it.',
  forge_rejected: 'A request that the task needs was turned down here.',
  forge_unreachable: 'The server of Funade could not reach this site.',
  forge_limited: 'This site took no more requests of the account that Funade uses.',
  database: 'The database of the server did not answer, or a disk of the server is full.',
  subject_closed: 'This was closed.',
  subject_gone: 'What the task is about is not here any more.',
  unassigned: 'The account of Funade was unassigned.',
  label_removed: 'The label was taken off.',
  own_label: 'Funade itself had put the label on.',
  actor_not_allowed: 'Who put the label on has no write role here.',
  lost_race: 'Somebody else took the label off in the same moment.',
  // git
  git_unreachable: 'The server of Funade could not exchange commits with this repository.',
  repository_empty: 'This repository has no commit yet. Push a first one, then put the label on again.',
  default_branch_missing:
    'The branch that the work starts from is not there. Set the default branch of this repository.',
  branch_name: 'The branch for the work can not have the name that it would get. Choose another `agent.branchPrefix`.',
  fork_change:
    'The branch of this change is in another repository, which Funade does not push to. Open it from a branch of this repository.',
  branch_protected:
    'The branch of the work is protected, and the account of Funade may not push to it. Exempt `{prefix}` branches, or choose another `agent.branchPrefix`.',
  branch_moved: 'Somebody pushed to the branch of the work again and again.',
  conflict:
    'Somebody pushed to the branch of the work, and the work does not apply on top of that. Merge by hand, or delete the branch and try again.',
  push_rejected: 'The push was turned down by a rule of this repository.',
  // the work
  forbidden_path: 'The agent changed files that it may not change (`agent.allowedPaths`):',
  submodule_changed: 'The agent changed a submodule, which Funade does not push:',
  lfs_file: 'The agent changed files that are kept in Git LFS, which Funade does not push:',
  secret_in_diff: 'The agent put a secret of the server into its change. Nothing was pushed.',
  diff_too_large: 'The change is too large: at most 3000 files and 20 MB.',
  checks_failed:
    'The checks of this repository (`agent.checks`) still failed after the agent had tried to mend it several times:',
  no_change: 'The agent changed nothing.',
  branch_only: 'An open change of somebody else closes this already, so the work was left on its branch.',
  too_many_attempts: 'It was tried several times, and failed every time.',
  agent_error: 'The agent failed in a way that nobody has foreseen.',
  process_lost: 'The process that worked on it vanished.',
  // the model
  model_unreachable: 'The endpoint of the model could not be reached. Check `agent.model.url` and whether it runs.',
  model_limited: 'The endpoint of the model took no more requests.',
  model_key_refused: 'The endpoint of the model refused the key. Set a valid `agent.model.key` on the server.',
  model_not_found: 'The endpoint does not know the model. Check `agent.model.name`.',
  model_nonsense: 'The model answered nothing that can be used, again and again. A more capable model may help.',
  model_refused: 'The model refused to work on this.',
  mcp_unavailable: 'An MCP server that the agent needs could not be used. Check `agent.mcp`.',
  budget_steps: 'The budget of steps is used up (`agent.budget.steps`).',
  budget_tokens: 'The budget of tokens is used up (`agent.budget.tokens`).',
  budget_money: 'The budget of money is used up (`agent.budget.money`).',
  budget_time: 'The time for this task is used up (`agent.budget.time`).',
  // the command
  command_failed: 'The command of the agent ended with an error.',
  command_not_found: 'The command of the agent is not installed on the server. Check `agent.command`.',
  command_timed_out: 'The command of the agent took too long and was ended.',
  command_flooded: 'The command of the agent wrote more than it may (`agent.limits.output`) and was ended.',
  command_out_of_memory: 'The command of the agent used more memory than it may (`agent.limits.memory`) and was ended.',
  // people
  drain: 'The server is being restarted; the work goes on right after.',
  paused_by_person: 'It was paused.',
  stopped_by_person: 'It was stopped.',
  paused_too_long: 'It was paused for too long.',
  plan_waits: 'The plan waits for approval.',
} as const;

export type ReasonTexts = { readonly [code in keyof typeof reasons]: string };
