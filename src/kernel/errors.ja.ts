import type { catalogue } from './errors.catalogue.ts';

/** 日本語の文面。キーと置換名は英語のカタログと同じです。 */
export const japanese: {
  readonly [Code in keyof typeof catalogue]: { readonly message: string; readonly fix: string };
} = {
  FUN_CONFIG_INVALID: {
    message: '{file} を使えません。誤りが {count} 件あります。',
    fix: 'これらの行を直し、`funade config lint` で確かめてください。',
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
    fix: 'そのプログラムを止めるか、{setting} で別のポートを選んでください。',
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
    fix: 'これらの項目を直してください。API の説明は /api/v1/openapi.json にあります。',
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
  FUN_METHOD_NOT_ALLOWED: {
    message: '{path} に {method} は使えません。使えるのは {allowed} です。',
    fix: 'いずれかのメソッドを使ってください。API の説明は /api/v1/openapi.json にあります。',
  },
  FUN_BODY_TOO_LARGE: {
    message: '{limit} を超える本文は受け取れません。',
    fix: '一度に送る量を減らしてください。',
  },
  FUN_MEDIA_TYPE: {
    message: '{type} の本文は読み取れません。',
    fix: '`Content-Type: application/json` を付けて JSON を送ってください。',
  },
  FUN_TOO_MANY_ATTEMPTS: {
    message: '{address} からの試行を受け付けられません。1 分間に誤ったトークンが {count} 回ありました。',
    fix: '{seconds} 秒待ってから、有効なトークンを送ってください。',
  },
  FUN_CROSS_ORIGIN: {
    message: '別のオリジン({origin})のページからは、ダッシュボードのセッションで操作できません。',
    fix: 'ダッシュボード上で操作するか、Cookie の代わりに `Authorization: Bearer <token>` を送ってください。',
  },
  FUN_ROLE_CONFLICT: {
    message: '{name} のトークンを {wanted} として作れません。{name} の役割は {present} です。',
    fix: '役割を {present} にするか別の名前を使うか、先に `funade token revoke` で {name} のトークンをすべて失効させてください。',
  },
  FUN_LAST_OWNER: {
    message: '{id} を失効できません。owner の有効なトークンはこれが最後です。',
    fix: '先に別のものを作ってください: `funade token create --name <name> --role owner`。',
  },
  FUN_WEBHOOK_METHOD: {
    message: '{method} は受け付けません。Webhook は POST で送られます。',
    fix: 'POST で送信してください。',
  },
  FUN_WEBHOOK_SOURCE_UNKNOWN: {
    message: '{path} では Webhook を受け取れません。該当する送信元がありません。',
    fix: '設定済みの送信元のパスを使ってください: {known}。',
  },
  FUN_WEBHOOK_TOO_LARGE: {
    message: '{limit} バイトを超える Webhook の本文は受け取れません。',
    fix: 'Webhook が送るイベントを減らすか、push を小さく分けてください。',
  },
  FUN_WEBHOOK_TYPE: {
    message: '{header} が {value} の Webhook は読み取れません。',
    fix: 'Webhook の content type を application/json にし、content encoding を外してください。',
  },
  FUN_WEBHOOK_TOO_SLOW: {
    message: 'Webhook の本文が {timeout} 以内に届かないため、待機を打ち切りました。',
    fix: '再送してください。本文全体がこの時間内に届く必要があります。',
  },
  FUN_WEBHOOK_UNVERIFIED: {
    message: 'フォージからの配信であることを確認できません。',
    fix: 'Funade と同じシークレットを Webhook に設定してください。詳細はサーバーのログにあります。',
  },
  FUN_WEBHOOK_RATE_LIMITED: {
    message: '配信を確認できません。同じアドレスからの失敗が多すぎます。',
    fix: 'Funade と同じシークレットを Webhook に設定し、{seconds} 秒後に再送してください。',
  },
  FUN_WEBHOOK_MALFORMED: {
    message: '配信を読み取れません: {reason}。',
    fix: 'フォージが Webhook について定めるヘッダーと、JSON オブジェクトの本文を送ってください。',
  },
  FUN_WEBHOOK_NOT_STORED: {
    message: '配信を保存できません: {reason}。',
    fix: '{seconds} 秒後に再送してください。書きかけのデータはありません。不足しているものは /healthz で分かります。',
  },
  FUN_DELIVERY_BODY_GONE: {
    message: '配信 {id} を再実行できません。保存期間が終わり、本文は削除されました。',
    fix: '代わりに `funade ship <app>` でリリースを開始してください。',
  },
  FUN_TARGET_UNKNOWN: {
    message: 'ターゲット {target} へはデプロイできません。その名前のターゲットはありません。',
    fix: '次のいずれかを使ってください: {known}。',
  },
  FUN_TARGET_UNSUITABLE: {
    message: '{environment} へデプロイできません。誤りが {count} 件あります。',
    fix: 'これらの誤りを直してコミットし、もう一度 ship してください。',
  },
  FUN_LEASE_LOST: {
    message: '{what} の処理を止めました。別のプロセスが引き継いでいます。',
    fix: '対応は不要です。引き継いだプロセスが同じ状態から続けます。',
  },
  FUN_ROLLBACK_IMPOSSIBLE: {
    message: '{environment} をロールバックできません: {reason}。',
    fix: '`funade rollback {environment} --to vN` でリリースを指定するか、修正したものを ship してください。',
  },
  FUN_USAGE: {
    message: 'このコマンドを実行できません: {reason}。',
    fix: '`{help}` を確認してください。',
  },
  FUN_SERVER_UNREACHABLE: {
    message: '{server} の Funade サーバーに接続できません: {reason}。',
    fix: '`npm start` で起動するか、稼働中のサーバーを --server か FUNADE_SERVER で指定してください。',
  },
  FUN_SERVER_ANSWER_UNREADABLE: {
    message: '{request} への {server} の応答を読み取れません: {reason}。',
    fix: 'そのアドレスで同じバージョンの Funade サーバーが応答しているか確かめてください。',
  },
  FUN_CHOICE_NEEDED: {
    message: 'どの{kind}か決められません。{count} 件が当てはまります。',
    fix: '下のコマンドのいずれかで指定してください。',
  },
  FUN_NOTHING_FITS: {
    message: '{kind}が見つかりません。',
    fix: '下のコマンドで現在の状態を確かめてください。',
  },
  FUN_CONFIRMATION_NEEDED: {
    message: '答えがないため続けられません: {question}',
    fix: '端末で答えるか、--yes を付けてください。',
  },
  FUN_DECISION_NEEDED: {
    message: '人の判断がないため続けられません: {reason}',
    fix: '下のコマンドのいずれかで判断してください。作業は待っています。',
  },
  FUN_WAIT_TIMEOUT: {
    message: '{subject} を {timeout} 待ちましたが終わりません。作業は続いています。',
    fix: '`{command}` で引き続き確認できます。',
  },
  FUN_FILE_EXISTS: {
    message: '{file} はすでにあるため書き込めません。',
    fix: '置き換えるなら --yes を付けてください。',
  },
  FUN_FILE_UNREADABLE: {
    message: '{file} を読めません: {reason}。',
    fix: '名前を確かめてください。`funade config init` で新しい funade.yaml を作れます。',
  },
  FUN_SETTINGS_INVALID: {
    message: 'このプロセスの設定を使えません。誤りが {count} 件あります。',
    fix: 'これらの設定を直してください。各値の由来は `funade config show --origin` で分かります。',
  },
  FUN_FILE_NOT_WRITTEN: {
    message: '{file} に書き込めません: {reason}。',
    fix: 'フォルダーがあり、書き込めて、空きがあるか確かめてください。',
  },
  FUN_FENCED: {
    message:
      'フェンス {fence} では {what} を変更できません。フェンス {seen} が既に使われており、別のプロセスが主導しています。',
    fix: '対処は不要です。現在の主導プロセスが続行します。`funade status` で確かめられます。',
  },
  FUN_FUNCTION_INVALID: {
    message: '{name} をデプロイできません。設定またはコードに誤りが {count} 件あります。',
    fix: 'これらの誤りを直して、もう一度デプロイしてください。',
  },
  FUN_FUNCTION_NOT_PROVEN: {
    message: '{name} のエイリアス {alias} をバージョン {version} に向けられません: {reason}。',
    fix: '関数を修正して新しいバージョンを公開してください。出力は `funade fn logs {name}` で確認できます。',
  },
  FUN_SESSION_BUSY: {
    message:
      'セッション {id} を実行できません。直前の呼び出しが実行中で、このセッションは 1 つのプロセスに固定されています。',
    fix: 'その呼び出しの終了を待つか、`affinity` なしでセッションを初期化してください。',
  },
  FUN_RATE_LIMITED: {
    message: 'このトークンではこれ以上呼び出せません。1 分間に {limit} 回までです。',
    fix: '{seconds} 秒待つか、サーバー設定の {setting} を引き上げてください。',
  },
  FUN_IDEMPOTENCY_CONFLICT: {
    message: '冪等キー {key} は再利用できません: {reason}。',
    fix: '新しい呼び出しには新しいキーを送ってください。',
  },
  FUN_REVISION_MISMATCH: {
    message: '{what} を変更できません。リビジョンは {given} ではなく {present} です。',
    fix: '読み直して判断し、そのリビジョンを `If-Match` で送ってください。',
  },
  FUN_VERSION_FAILED: {
    message: '{what} の {version} にトラフィックを送れません。起動に失敗しています: {reason}。',
    fix: '関数を修正して再度リリースしてください。出力は `funade fn logs` で確認できます。',
  },
  FUN_ROLLOUT_ENDED: {
    message: '{environment} へのロールアウトは {phase} で終わりました: {reason}。',
    fix: '証拠を読み、変更を直してもう一度 push するか、`funade retry` を実行してください。',
  },
  FUN_VERIFY_FAILED: {
    message: '{environment} の {url} が期待どおりに応答しませんでした: {finding}。',
    fix: 'そのアドレスをご自身で確かめ、アプリケーションかステージの `expect` を直してください。',
  },
  FUN_APPROVAL_REJECTED: {
    message: '{user} が {target} へのリリースを却下しました。',
    fix: '{user} と相談してください。新しい push か `funade retry` で再度承認を求めます。',
  },
  FUN_APPROVAL_EXPIRED: {
    message: '{target} へのリリースは期限内に承認されませんでした(依頼: {since})。',
    fix: '`funade retry` で再度依頼できます。期限はステージの `within` で決まります。',
  },
  FUN_HELD: {
    message: '{environment} はこのリリースに対して閉じたままでした: {cause}。',
    fix: '`funade hold release {app} {environment}` で開き、`funade retry` を実行してください。',
  },
  FUN_GIT_MISSING: {
    message: 'git を実行できません: {reason}。',
    fix: 'サーバーに git を導入してください(`apt-get install git`)。',
  },
  FUN_GIT_SOURCE_INVALID: {
    message: '{source} はリポジトリとして使えません: {reason}。',
    fix: '絶対パス、https:// か ssh:// のアドレス、または user@host:path を指定してください。',
  },
  FUN_GIT_UNREACHABLE: {
    message: '{source} を取得できません: {reason}。',
    fix: 'サーバー上で `git ls-remote {source}` を実行し、アドレス・ネットワーク・認証情報を確かめてください。',
  },
  FUN_GIT_REF_MISSING: {
    message: '{app} のリポジトリに {ref} が見つかりません。近いもの: {near}。',
    fix: '先に push するか、存在するブランチ・タグ・コミットを指定してください。',
  },
  FUN_GIT_FAILED: {
    message: '{app} の {action} に失敗しました: {reason}。',
    fix: 'ディスクの空きとデータディレクトリの権限を確かめてください。壊れたミラーは削除すれば取得し直されます。',
  },
  FUN_WORKSPACE: {
    message: '{project} のチェックアウトで作業できません({reason}): {detail}。',
    fix: 'そのブランチにコミットがあり、Funade のアカウントが読み取りと push を許可されていることを確かめてください。',
  },
  FUN_ARTIFACT_REFUSED: {
    message: '{path} を成果物に含められません: {reason}。',
    fix: 'ビルドで取り除くか、ステージの `artifact` にそれを含まないディレクトリを指定してください。',
  },
  FUN_ARTIFACT_TOO_LARGE: {
    message: '成果物を保存できません。{limit} を超えています。',
    fix: 'ステージの `artifact` に実行に必要なものだけのディレクトリを指定し、開発用の依存を除いてください。',
  },
  FUN_TARGET_SILENT: {
    message: '{what} から {limit} 以内に応答がありませんでした。',
    fix: '自動で再試行されます。続く場合は、デプロイ先と `funade doctor` を確かめてください。',
  },
  FUN_ARTIFACT_GONE: {
    message: '{release} をデプロイできません。成果物が保管場所から失われています。',
    fix: '`funade retry {run}` でコミットをもう一度ビルドしてください。',
  },
  FUN_APP_REMOVED: {
    message: 'アプリケーション {app} が削除されたため、実行を止めました。',
    fix: '`funade app add` で登録し直してから `funade retry {run}` を実行してください。',
  },
  FUN_SECRET_MISSING: {
    message: '{where} のシークレットがありません: {names}。',
    fix: '`funade secret set {app} <NAME>` でそれぞれ設定してください。',
  },
  FUN_SECRET_GONE: {
    message: '{app} のシークレット {name} を使えません。バージョン {version} がデータベースにありません。',
    fix: '`funade secret set {app} {name}` で設定し、もう一度リリースしてください。',
  },
  FUN_SECRET_UNREADABLE: {
    message:
      '{app} のシークレット {name} のバージョン {version} を復号できませんでした。データか鍵が変更されています。',
    fix: '同じバックアップから両方を戻すか、`funade secret set {app} {name}` で設定し直して、もう一度リリースしてください。',
  },
  FUN_SECRET_VALUE_NEEDED: {
    message: '{name} の値がないため、設定できません。',
    fix: '標準入力か --from-file で渡してください。',
  },
  FUN_SECRETS_KEY_CHANGED: {
    message: '保存済みのシークレット {count} 件を読めません。別の鍵で暗号化されています。',
    fix: 'FUNADE_SECRETS_KEY(`secrets.key`)にその鍵を設定するか、データディレクトリに `secrets/secrets-key` を戻してください。同じデータベースを使うプロセスには、すべて同じ鍵が必要です。鍵を失った場合、シークレットは読めません。テーブル `app_secrets` を空にして設定し直してください。',
  },
  FUN_FORGE_UNREACHABLE: {
    message: '{host} での操作に失敗しました({act}): {reason}。',
    fix: 'このマシンから {host} に到達できるか確認してください。待っている処理は Funade が自動で再試行します。',
  },
  FUN_FORGE_LIMITED: {
    message: '{host} は {until} までこのアカウントの要求を受け付けません({act})。',
    fix: 'お待ちください。頻発する場合はポーリング間隔(`polling.interval`)を広げるか、上限の高い GitHub App を使ってください。',
  },
  FUN_FORGE_REFUSED: {
    message: '{host} での操作({act})は、このアカウントには許可されていません({reason})。',
    fix: 'トークンまたは App に権限を与えるか、権限のあるものを設定してください。必要な権限は `docs/how-to/connect-github.md` と `connect-gitlab.md` にあります。',
  },
  FUN_FORGE_LOGIN_REFUSED: {
    message: '{host} での操作({act})で、アカウントのトークンまたは鍵が受け付けられません({reason})。',
    fix: 'トークンまたは App の秘密鍵を更新してください。有効期限が切れたか、失効しています。待っている処理は更新後に自動で続行されます。',
  },
  FUN_FORGE_NOT_FOUND: {
    message: '{host} での操作({act})の対象がないか、このアカウントからは見えません。',
    fix: '名前と、トークンまたは App がそのリポジトリを参照できることを確認してください。',
  },
  FUN_FORGE_REJECTED: {
    message: '操作({act})を {host} が拒否しました。ステータス {status}({reason})。',
    fix: '理由を確認してください。{host} 側の状態では実行できません。',
  },
  FUN_FORGE_NO_CREDENTIALS: {
    message: 'ソース {source} の {forge} API を使えません。トークンが設定されていません。',
    fix: '{setting} を設定するか、`funade source add {source} --token-stdin` で追加してください。',
  },
  FUN_TASK_ALIVE: {
    message: 'タスク {id} は再試行できません。同じ対象のタスク {alive} が {state} です。',
    fix: '終わるまで待ってください: `funade tasks show {alive}`。',
  },
  FUN_TASK_STATE: {
    message: 'タスク {id} に {act} はできません。状態は {state} です。',
    fix: '何を待っているかは `funade tasks show {id}` で分かります。終わったタスクは `funade tasks retry {id}` でやり直せます。',
  },
  FUN_SOURCE_INVALID: {
    message: 'このソースは使えません。問題は {count} 件です。',
    fix: 'これらの値を直してください。書式は `funade source add --help` で分かります。',
  },
  FUN_BROKER_UNAVAILABLE: {
    message: '{address} の RabbitMQ を使えませんでした({reason})。',
    fix: '稼働していること、および RABBITMQ_HOST と RABBITMQ_PORT を確認してください。失われるものはありません。メッセージはデータベースで待ち、Funade が自動で再試行します。',
  },
  FUN_BROKER_LOGIN_REFUSED: {
    message: '{address} の RabbitMQ に {user} としてログインできません。ユーザーまたはパスワードが違います。',
    fix: 'RABBITMQ_USER と RABBITMQ_PASSWORD を直してください。ユーザー `guest` は RabbitMQ と同じマシンからしか接続できません。',
  },
  FUN_BROKER_NOT_ALLOWED: {
    message: '{address} の RabbitMQ の仮想ホスト {vhost} を {user} として使えません({reason})。',
    fix: 'RABBITMQ_QUEUE で始まる名前に対する設定・書き込み・読み取りの権限をユーザーに与えてください: `rabbitmqctl set_permissions`。',
  },
  FUN_BROKER_QUEUE_DIFFERS: {
    message: '{address} の RabbitMQ の {queue} を使えません。別の引数で既に存在します({reason})。',
    fix: '空であればブローカー上で削除すると Funade が作り直します。または RABBITMQ_QUEUE を別の名前にしてください。',
  },
  FUN_GUARD_CONFIG_INVALID: {
    message: 'ガードの設定を使えません。誤りが {count} 件あります。',
    fix: 'これらの設定を直してください。各値の由来は `funade guard config` で分かります。',
  },
  FUN_GUARD_NOTHING_TO_JUDGE: {
    message: '{files} に判定できるものがありません: {reason}。',
    fix: '{fix}',
  },
  FUN_GUARD_INPUT_UNREADABLE: {
    message: '{files} の内容を使えません。誤りが {count} 件あります。',
    fix: 'これらの箇所を直してください。何も判定していません。',
  },
};
