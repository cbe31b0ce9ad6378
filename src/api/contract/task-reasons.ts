export interface Sentence {
  readonly en: string;
  readonly ja: string;
}

/** Why a task is in its state. */
export const taskReasons = {
  label_removed: {
    en: 'The label was taken off before the work began.',
    ja: '作業の開始前にラベルが外されました。',
  },
  subject_gone: {
    en: 'The issue or change is not there any more, or may not be seen.',
    ja: 'イシューまたは変更が存在しないか、閲覧できません。',
  },
  subject_closed: {
    en: 'The issue or change was closed.',
    ja: 'イシューまたは変更がクローズされました。',
  },
  actor_not_allowed: {
    en: 'Who put the label on may not write to the repository.',
    ja: 'ラベルを付けた人に、このリポジトリへの書き込み権限がありません。',
  },
  own_label: {
    en: 'The bot or App that Funade acts as put the label on.',
    ja: 'Funade が使うボットまたは App が付けたラベルです。',
  },
  lost_race: {
    en: 'Somebody else took the label off at the moment it was claimed.',
    ja: '取得と同時に、他の誰かがラベルを外しました。',
  },
  no_runner: {
    en: 'No runner is configured, so nothing can work on it.',
    ja: 'ランナーが設定されていないため、作業できません。',
  },
  no_credentials: {
    en: 'The source has no token or App, so the forge can’t be asked.',
    ja: 'ソースにトークンも App もないため、フォージに問い合わせできません。',
  },
  permission: {
    en: 'The account of the source may not do what the task needs.',
    ja: 'ソースのアカウントに、タスクに必要な権限がありません。',
  },
  login_refused: {
    en: 'The forge does not accept the token or key of the source; it has to be renewed.',
    ja: 'ソースのトークンまたは鍵がフォージに受け付けられません。更新が必要です。',
  },
  forge_unreachable: {
    en: 'The forge can’t be reached.',
    ja: 'フォージに接続できません。',
  },
  forge_limited: {
    en: 'The forge takes no more requests of this account for now.',
    ja: 'フォージの利用制限により、このアカウントのリクエストは今は受け付けられません。',
  },
  forge_not_found: {
    en: 'What the task needs is not on the forge, or the account may not see it.',
    ja: 'タスクに必要なものがフォージにないか、アカウントから見えません。',
  },
  forge_rejected: {
    en: 'The forge refused a change of the issue or its labels.',
    ja: 'イシューやラベルの変更がフォージに拒否されました。',
  },
  database: {
    en: 'The database could not be reached, or was full.',
    ja: 'データベースに接続できないか、空きがありませんでした。',
  },
  process_lost: {
    en: 'The process that worked on it vanished.',
    ja: '作業していたプロセスがなくなりました。',
  },
  drain: {
    en: 'The process was stopped in an orderly way, and the task goes on elsewhere.',
    ja: 'プロセスが正常に停止し、タスクは別のプロセスで続きます。',
  },
  agent_error: {
    en: "The agent met a fault that nobody has foreseen; the server's log tells which.",
    ja: 'エージェントに想定外の不具合が起きました。詳細はサーバーのログにあります。',
  },
  too_many_attempts: {
    en: 'It failed as often as it may be tried.',
    ja: '試行回数の上限まで失敗しました。',
  },
  no_isolation: {
    en: 'This server can’t keep programs apart, and lets no agent work without that; `funade doctor` tells what is missing.',
    ja: 'このサーバーではプログラムを隔離できないため、エージェントを動かせません。足りないものは `funade doctor` で分かります。',
  },
  repository_not_allowed: {
    en: 'The repository is not among those that the server works on (`agent.repositories`).',
    ja: 'サーバーの作業対象のリポジトリ(`agent.repositories`)に含まれていません。',
  },
  unassigned: {
    en: 'The account of Funade was assigned, and was taken off.',
    ja: '担当だった Funade のアカウントが、担当から外されました。',
  },
  repository_empty: {
    en: 'The repository has no commit yet: push a first one.',
    ja: 'リポジトリにコミットがありません。最初のコミットをプッシュしてください。',
  },
  default_branch_missing: {
    en: 'The branch that the work starts from is not there.',
    ja: '作業の起点となるブランチがありません。',
  },
  branch_name: {
    en: 'The branch of the work can’t have the name that it would get: choose another `agent.branchPrefix`.',
    ja: '作業用のブランチに付けられない名前になります。別の `agent.branchPrefix` を選んでください。',
  },
  fork_change: {
    en: 'The branch of the change is in another repository, which Funade does not push to.',
    ja: '変更のブランチが別のリポジトリにあり、Funade はそこへプッシュしません。',
  },
  branch_protected: {
    en: 'The branch of the work is protected, and the account of the source may not push to it.',
    ja: '作業用のブランチが保護されていて、ソースのアカウントではプッシュできません。',
  },
  branch_moved: {
    en: 'Somebody pushed to the branch of the work again and again.',
    ja: '作業用のブランチに、ほかの誰かが繰り返しプッシュしました。',
  },
  conflict: {
    en: 'Somebody pushed to the branch of the work, and the work does not apply on top of that.',
    ja: '作業用のブランチにほかの誰かがプッシュし、作業内容をその上に適用できません。',
  },
  push_rejected: {
    en: 'A rule of the repository turned the push down.',
    ja: 'リポジトリの規則によってプッシュが拒否されました。',
  },
  forbidden_path: {
    en: 'The agent changed files that it may not change (`agent.allowedPaths`).',
    ja: 'エージェントが、変更を許されていないファイル(`agent.allowedPaths`)を変更しました。',
  },
  lfs_file: {
    en: 'The agent changed files that are kept in Git LFS, which Funade does not push.',
    ja: 'エージェントが Git LFS のファイルを変更しました。Funade はこれをプッシュしません。',
  },
  submodule_changed: {
    en: 'The agent changed a submodule, which Funade does not push.',
    ja: 'エージェントがサブモジュールを変更しました。Funade はこれをプッシュしません。',
  },
  secret_in_diff: {
    en: 'The agent put a secret of the server into its work; nothing was pushed.',
    ja: 'エージェントの変更にサーバーの秘密の値が含まれていたため、何もプッシュしていません。',
  },
  diff_too_large: {
    en: 'The work is too large to be pushed.',
    ja: '変更が大きすぎてプッシュできません。',
  },
  checks_failed: {
    en: 'The checks of the repository (`agent.checks`) still failed after the agent had tried to mend it.',
    ja: 'エージェントが修正を試みましたが、リポジトリのチェック(`agent.checks`)が成功しませんでした。',
  },
  no_change: {
    en: 'The agent found nothing to change, so there is no pull or merge request.',
    ja: 'エージェントは何も変更しなかったため、プルリクエストやマージリクエストはありません。',
  },
  branch_only: {
    en: 'An open change closes the issue already, so there is no second one: the work is on its branch, to be merged.',
    ja: 'イシューをクローズする変更がすでにあるため、2 つ目は作っていません。作業内容はブランチにあり、マージできます。',
  },
  config_invalid: {
    en: 'The `funade.yaml` of the repository has faults.',
    ja: 'リポジトリの `funade.yaml` に誤りがあります。',
  },
  git_unreachable: {
    en: 'Commits can’t be exchanged with the repository.',
    ja: 'リポジトリとコミットをやり取りできません。',
  },
  workspace_failed: {
    en: 'The server could not make a checkout: look at the disk space and rights of its data directory.',
    ja: 'サーバーが作業ツリーを作れませんでした。データディレクトリの空き容量と権限を確認してください。',
  },
  model_unreachable: {
    en: 'The endpoint of the model can’t be reached.',
    ja: 'モデルのエンドポイントに接続できません。',
  },
  model_limited: {
    en: 'The endpoint of the model takes no more requests for now.',
    ja: 'モデルのエンドポイントの利用制限により、リクエストは今は受け付けられません。',
  },
  model_key_refused: {
    en: 'The endpoint of the model refuses the key (`agent.model.key`).',
    ja: 'モデルのエンドポイントが鍵(`agent.model.key`)を拒否しています。',
  },
  model_not_found: {
    en: 'The endpoint does not know the model (`agent.model.name`).',
    ja: 'エンドポイントにモデル(`agent.model.name`)がありません。',
  },
  model_nonsense: {
    en: 'The model answered nothing that can be used, again and again.',
    ja: 'モデルが使える答えを返さないことが続きました。',
  },
  model_refused: {
    en: 'The model refused to work on this.',
    ja: 'モデルがこの作業を拒否しました。',
  },
  mcp_unavailable: {
    en: 'An MCP server that the agent needs could not be used (`agent.mcp`).',
    ja: 'エージェントに必要な MCP サーバー(`agent.mcp`)を使えませんでした。',
  },
  budget_steps: {
    en: 'The budget of steps is used up (`agent.budget.steps`).',
    ja: 'ステップ数の予算(`agent.budget.steps`)を使い切りました。',
  },
  budget_tokens: {
    en: 'The budget of tokens is used up (`agent.budget.tokens`).',
    ja: 'トークンの予算(`agent.budget.tokens`)を使い切りました。',
  },
  budget_money: {
    en: 'The budget of money is used up (`agent.budget.money`).',
    ja: '金額の予算(`agent.budget.money`)を使い切りました。',
  },
  budget_time: {
    en: 'The time for the task is used up (`agent.budget.time`).',
    ja: 'タスクの時間(`agent.budget.time`)を使い切りました。',
  },
  command_failed: {
    en: 'The command of the agent ended with an error.',
    ja: 'エージェントのコマンドがエラーで終了しました。',
  },
  command_not_found: {
    en: 'The command of the agent is not installed on the server (`agent.command`).',
    ja: 'エージェントのコマンド(`agent.command`)がサーバーにありません。',
  },
  command_timed_out: {
    en: 'The command of the agent took too long and was ended.',
    ja: 'エージェントのコマンドが時間内に終わらなかったため、終了させました。',
  },
  command_flooded: {
    en: 'The command of the agent wrote more than it may (`agent.limits.output`) and was ended.',
    ja: 'エージェントのコマンドの出力が上限(`agent.limits.output`)を超えたため、終了させました。',
  },
  command_out_of_memory: {
    en: 'The command of the agent used more memory than it may (`agent.limits.memory`) and was ended.',
    ja: 'エージェントのコマンドのメモリーが上限(`agent.limits.memory`)を超えたため、終了させました。',
  },
  paused_by_person: {
    en: 'A person paused it; branch, plan and conversation are kept.',
    ja: '人が一時停止しました。ブランチ、計画、会話は保たれています。',
  },
  stopped_by_person: {
    en: 'A person stopped it.',
    ja: '人が停止しました。',
  },
  paused_too_long: {
    en: 'It was paused, or waited for approval, for too long.',
    ja: '一時停止または承認待ちの期限を過ぎました。',
  },
  plan_waits: {
    en: 'Its plan waits for the approval of a person.',
    ja: '計画が人の承認を待っています。',
  },
} as const satisfies Readonly<Record<string, Sentence>>;
