import type { ReasonTexts } from './reasons.en.ts';

export const reasons: ReasonTexts = {
  no_runner:
    'このサーバーにはコーディングエージェントが設定されていません。`funade.config.yaml` の `agent.runner`(または `FUNADE_AGENT_RUNNER`)を設定し、サーバーを再起動してください。',
  no_isolation:
    'このサーバーではプログラムを互いに隔離できないため、エージェントを実行しません。足りないものは `funade doctor` で確認できます。',
  no_credentials: 'Funade のサーバーに、このサイト用のトークンまたは鍵がありません。追加してから再起動してください。',
  workspace_failed:
    'このリポジトリの作業ツリーを作れませんでした。サーバーのデータディレクトリの空き容量と権限を確認してください。',
  repository_not_allowed: 'このリポジトリは、サーバーの作業対象(`agent.repositories`)に含まれていません。',
  config_invalid:
    'このリポジトリの `funade.yaml` に誤りがあります。作業の起点となるブランチで、次の行を直してください:',
  permission:
    'Funade のアカウントには、このタスクに必要な権限がありません。トークンまたは App に権限を与えてください。',
  login_refused: 'Funade のトークンまたは鍵が長い間受け付けられませんでした。サーバーで更新してください。',
  forge_not_found: 'タスクに必要なものがここに存在しないか、Funade のアカウントからは見えません。',
  forge_rejected: 'タスクに必要なリクエストが拒否されました。',
  forge_unreachable: 'Funade のサーバーからこのサイトに接続できませんでした。',
  forge_limited: 'このサイトが、Funade のアカウントからのリクエストを受け付けなくなりました。',
  database: 'サーバーのデータベースが応答しなかったか、サーバーのディスクに空きがありません。',
  subject_closed: 'クローズされました。',
  subject_gone: 'タスクの対象がもう存在しません。',
  unassigned: 'Funade のアカウントの担当が外されました。',
  label_removed: 'ラベルが外されました。',
  own_label: 'ラベルを付けたのは Funade 自身でした。',
  actor_not_allowed: 'ラベルを付けた人に書き込み権限がありません。',
  lost_race: '同じ瞬間に、ほかの誰かがラベルを外しました。',
  git_unreachable: 'Funade のサーバーとこのリポジトリの間でコミットをやり取りできませんでした。',
  repository_empty:
    'このリポジトリにはまだコミットがありません。最初のコミットをプッシュしてから、もう一度ラベルを付けてください。',
  default_branch_missing: '作業の起点となるブランチがありません。リポジトリの既定のブランチを設定してください。',
  branch_name: '作業用のブランチに付けられない名前になります。別の `agent.branchPrefix` を選んでください。',
  fork_change:
    'この変更のブランチは別のリポジトリにあり、Funade はそこへプッシュしません。このリポジトリのブランチから作り直してください。',
  branch_protected:
    '作業用のブランチが保護されていて、Funade のアカウントではプッシュできません。`{prefix}` で始まるブランチを除外するか、別の `agent.branchPrefix` を選んでください。',
  branch_moved: '作業用のブランチに、ほかの誰かが繰り返しプッシュしました。',
  conflict:
    '作業用のブランチにほかの誰かがプッシュし、作業内容をその上に適用できません。手作業でマージするか、ブランチを削除してやり直してください。',
  push_rejected: 'リポジトリの規則によってプッシュが拒否されました。',
  forbidden_path: 'エージェントが、変更を許されていないファイル(`agent.allowedPaths`)を変更しました:',
  submodule_changed: 'エージェントがサブモジュールを変更しました。Funade はこれをプッシュしません:',
  lfs_file: 'エージェントが Git LFS で管理されているファイルを変更しました。Funade はこれをプッシュしません:',
  secret_in_diff: 'エージェントの変更にサーバーの秘密の値が含まれていました。何もプッシュしていません。',
  diff_too_large: '変更が大きすぎます。上限は 3000 ファイル、20 MB です。',
  checks_failed: 'エージェントが何度か修正しましたが、このリポジトリのチェック(`agent.checks`)が成功しませんでした:',
  no_change: 'エージェントは何も変更しませんでした。',
  branch_only: 'すでに別の変更がこれをクローズするため、作業内容はブランチに残しました。',
  too_many_attempts: '何度か試しましたが、毎回失敗しました。',
  agent_error: 'エージェントが予期しない形で失敗しました。',
  process_lost: '作業中のプロセスがなくなりました。',
  model_unreachable:
    'モデルのエンドポイントに接続できませんでした。`agent.model.url` と、動作しているかを確認してください。',
  model_limited: 'モデルのエンドポイントがリクエストを受け付けなくなりました。',
  model_key_refused:
    'モデルのエンドポイントが鍵を拒否しました。サーバーに有効な `agent.model.key` を設定してください。',
  model_not_found: 'エンドポイントにこのモデルがありません。`agent.model.name` を確認してください。',
  model_nonsense: 'モデルが使える答えを返さないことが続きました。より高性能なモデルで改善することがあります。',
  model_refused: 'モデルがこの作業を拒否しました。',
  mcp_unavailable: 'エージェントに必要な MCP サーバーを使えませんでした。`agent.mcp` を確認してください。',
  budget_steps: 'ステップ数の予算(`agent.budget.steps`)を使い切りました。',
  budget_tokens: 'トークンの予算(`agent.budget.tokens`)を使い切りました。',
  budget_money: '金額の予算(`agent.budget.money`)を使い切りました。',
  budget_time: 'このタスクの時間(`agent.budget.time`)を使い切りました。',
  command_failed: 'エージェントのコマンドがエラーで終了しました。',
  command_not_found: 'エージェントのコマンドがサーバーにありません。`agent.command` を確認してください。',
  command_timed_out: 'エージェントのコマンドが時間内に終わらず、終了させました。',
  command_flooded: 'エージェントのコマンドの出力が上限(`agent.limits.output`)を超え、終了させました。',
  command_out_of_memory: 'エージェントのコマンドのメモリーが上限(`agent.limits.memory`)を超え、終了させました。',
  drain: 'サーバーを再起動しています。作業はそのあとすぐに続きます。',
  paused_by_person: '一時停止されました。',
  stopped_by_person: '停止されました。',
  paused_too_long: '一時停止の期限を過ぎました。',
  plan_waits: '計画が承認を待っています。',
};
