import type { ProgressTexts } from './progress.en.ts';

export const texts: ProgressTexts = {
  working: '◌ **Funade が作業しています。**',
  waiting: '◷ **再試行を待っています。** {why}',
  pausing: '॥ **一時停止しています。** {why}',
  paused: '॥ **一時停止中です。** {why} ブランチ、計画、会話は保たれています。',
  stopping: '⊘ **停止しています。** {why}',
  stopped: '⊘ **停止しました。** {why}',
  expired: '⊘ **打ち切りました。** {why}',
  cancelled: '⊘ **取り消されました。** {why}',
  planWaits: '◷ **この計画は承認を待っています。**',
  done: '✔ **完了しました。** 作業内容は {change} に下書きとしてあります。レビューをお願いします。',
  doneUpdated: '✔ **完了しました。** 作業内容は {change} にあります。',
  doneBranch:
    '✔ **完了しました。** {change} がすでにこれをクローズするため、新しいものは作りませんでした。作業内容はブランチ {branch} にあり、そこへマージできます。',
  doneOnly: '✔ **完了しました。**',
  unchanged: '✔ **完了しました。変更はありません。** 変更すべきものがなかったため、プルリクエストは作っていません。',
  failed: '✖ **Funade はこのタスクを完了できませんでした。** {why}',
  lastFailure: '最後の試行: {why}',
  errorId: 'エラー ID: `{id}`(詳しくはサーバーのログにあります)。',
  branchKept: 'ここまでの作業はブランチ {branch} にあります。',
  logs: 'エージェントの動作と出力: `funade tasks logs {task}`',
  retry:
    'やり直すには、ラベル `{label}` をもう一度付けるか、`/funade retry` とコメントするか、`funade tasks retry {task}` を実行してください。',
  again: '最初からやり直すには、ラベル `{label}` をもう一度付けるか、`/funade retry` とコメントしてください。',
  steer:
    '書き込み権限のある人のコメントはエージェントに届きます。コメントで使えるコマンド: `/funade pause`、`/funade stop`。担当になっている Funade を担当から外しても停止します。',
  resume:
    '続けるには `/funade resume`、終わらせるには `/funade stop` とコメントしてください。{until} まで再開できます。',
  approve:
    '承認するには `/funade plan ok` とコメントしてください。作り直すには、変えてほしい点と `/funade resume` をコメントしてください。終わらせるには `/funade stop` とコメントしてください。',
  refusedCommand: '「/funade {command}」は、今の状態ではできません。',
  unknownCommand:
    '「/funade {command}」というコマンドはありません。使えるのは stop、pause、resume、retry、plan ok です。',
  said: 'エージェントの説明:',
  moreItems: '… ほか {count} 件',
  branch: 'ブランチ {branch}',
  change: '変更 {change}',
  attempt: '試行 {number} 回目',
  steps: '{count} ステップ',
  tokens: '{count} トークン',
  money: '${amount}',
  task: 'タスク `{task}`',
  by: '({who})',
  byBecause: '({who}: {reason})',
  closes: 'Closes #{number}',
  made: '{subject} のために Funade が作りました(タスク `{task}`)。下書きは人によるレビューを待っています。',
};
