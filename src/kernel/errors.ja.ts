import type { catalogue } from './errors.catalogue.ts';

/** 日本語の文面。キーと置換名は英語のカタログと同じです。 */
export const japanese: {
  readonly [Code in keyof typeof catalogue]: { readonly message: string; readonly fix: string };
} = {
  FUN_CONFIG_INVALID: {
    message: '{file} を使えません。誤りが {count} 件あります。',
    fix: '下に示した行を直し、`funade config lint` で確かめてください。',
  },
  FUN_CONFIG_MISSING: {
    message: '{where} に {file} が見つかりません。',
    fix: '`funade config init` で作成し、コミットしてください。',
  },
  FUN_SETTING_INVALID: {
    message: '{setting}={value} では起動できません: {reason}。',
    fix: '{setting} を {expected} にしてください。',
  },
  FUN_DATA_DIR_LOCKED: {
    message: 'データディレクトリ {dir} を使えません。{host} のプロセス {pid} が {since} から使用中です。',
    fix: 'そのサーバーを止めるか、別の FUNADE_DATA_DIR で起動してください。',
  },
  FUN_DATA_DIR_NOT_WRITABLE: {
    message: 'データディレクトリ {dir} に書き込めません: {reason}。',
    fix: 'ユーザー {user} が書き込めるようにするか、FUNADE_DATA_DIR を別の場所にしてください。',
  },
  FUN_PORT_IN_USE: {
    message: '{host}:{port} で待ち受けできません。別のプログラムがこのポートを使っています。',
    fix: 'そのプログラムを止めるか、FUNADE_PORT で別のポートを選んでください。',
  },
  FUN_DATABASE_UNREACHABLE: {
    message: '{address} の PostgreSQL に接続できません: {reason}。',
    fix: 'PostgreSQL の稼働と DATABASE_URL を確かめてください。接続は試み続けます。',
  },
  FUN_DATABASE_START_FAILED: {
    message: '{dir} の組み込み PostgreSQL を起動できません: {reason}。',
    fix: '{log} を確認し、空き容量を増やすかデータディレクトリを移すか、DATABASE_URL で別のサーバーを指定してください。',
  },
  FUN_DATABASE_TOO_OLD: {
    message: 'PostgreSQL {version} は使えません。15 以上が必要です。',
    fix: 'DATABASE_URL を 15 以上のサーバーに向けるか、設定を外して組み込みのものを使ってください。',
  },
  FUN_STORAGE_FULL: {
    message: '保存できません。ディスクの空きがありません。',
    fix: '空き容量を増やしてください。書きかけのデータはなく、送信側は再送できます。',
  },
  FUN_UNAUTHENTICATED: {
    message: '要求者を確認できません。トークンがないか、未知・期限切れ・失効済みです。',
    fix: '`Authorization: Bearer <token>` を付けてください。トークンは `funade token create` で作れます。',
  },
  FUN_FORBIDDEN: {
    message: '{user}({role})の権限では {action} を実行できません。{needed} が必要です。',
    fix: '権限を持つ人に依頼するか、owner に役割の変更を依頼してください。',
  },
  FUN_NOT_FOUND: {
    message: '{kind} {id} が見つかりません。',
    fix: '`{list}` で一覧を確かめてください。',
  },
  FUN_BAD_REQUEST: {
    message: '要求を読み取れません。誤りが {count} 件あります。',
    fix: '下に示した項目を直してください。API の説明は /api/v1/openapi.json にあります。',
  },
  FUN_CONFLICT: {
    message: '{action} を実行できません: {reason}。',
    fix: '`{look}` で現在の状態を確かめてください。',
  },
  FUN_INTERNAL: {
    message: 'Funade の内部で失敗しました(エラー ID {id})。',
    fix: 'サーバーのログをこの ID で検索してください。',
  },
  FUN_UNAVAILABLE: {
    message: '要求に応えられません: {reason}。',
    fix: '少し待って再試行してください。不足しているものは /healthz で分かります。',
  },
  FUN_COMMAND_TIMEOUT: {
    message: '`{command}` を {timeout} で打ち切り、プロセスグループ全体を終了しました。',
    fix: '何を待っているかを調べるか、ステージの `timeout` を延ばしてください。',
  },
  FUN_COMMAND_FAILED: {
    message: '`{command}` が {outcome} で終了しました。',
    fix: 'ステージのログを `funade logs {run}` で確認してください。',
  },
  FUN_COMMAND_NOT_STARTED: {
    message: '`{command}` を開始できません: {reason}。',
    fix: '綴りと、サーバーにそのプログラムがあることを確かめてください。',
  },
  FUN_ISOLATION_UNAVAILABLE: {
    message: '{what} を隔離できません: {reason}。',
    fix: 'bubblewrap を導入する(`apt-get install bubblewrap`)か、信頼済みとして指定してください。',
  },
};
