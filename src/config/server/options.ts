import { LANGUAGES } from '../../kernel/index.ts';
import { LOG_LEVELS, SERVER_ROLES } from './model.ts';

export type OptionKind =
  | 'host'
  | 'port'
  | 'path'
  | 'choice'
  | 'boolean'
  | 'url'
  /** Address of a Funade server. */
  | 'serverUrl'
  | 'databaseUrl'
  | 'text'
  /** A whole number from 0 on. */
  | 'count'
  /** RSA public key as PEM, or the file that holds it; shown as its fingerprint. */
  | 'publicKey'
  /** 32 bytes as base64 or hexadecimal digits; shown as `***`. */
  | 'key'
  /** Shown as `***`, at least 16 characters. */
  | 'secret'
  /** Several secrets with labels; the environment adds one more. */
  | 'secrets';

export interface ServerOption {
  /** Path in `funade.config.yaml`. */
  readonly name: string;
  readonly kind: OptionKind;
  readonly env: string | null;
  /** As written on the command line; the first is the one that docs show, the others mean the same. */
  readonly flags: readonly string[];
  /** `null`: not set. */
  readonly default: string | number | boolean | null;
  /** Setting whose value is taken when this one is not given. */
  readonly follows?: string;
  readonly choices?: readonly string[];
  /** Least characters of a secret, where 16 are too few. */
  readonly minimum?: number;
  /** The fault of a secret with fewer, where it is not one that its user makes up. */
  readonly tooShort?: 'tokenShort';
  /** Whether it can stand in the file. */
  readonly inFile: boolean;
  readonly doc: { readonly en: string; readonly ja: string };
}

/** Every setting of a Funade process: the single source of reading, of `config show` and of the reference. */
export const serverOptions = [
  {
    name: 'config',
    kind: 'path',
    env: 'FUNADE_CONFIG',
    flags: ['--config'],
    default: 'funade.config.yaml',
    inFile: false,
    doc: { en: 'File with settings of the server.', ja: 'サーバーの設定ファイル。' },
  },
  {
    name: 'host',
    kind: 'host',
    env: 'FUNADE_HOST',
    flags: ['--host'],
    default: '127.0.0.1',
    inFile: true,
    doc: {
      en: 'Address to listen on; anything but loopback needs TLS in front.',
      ja: '待ち受けアドレス。ループバック以外では前段に TLS が必要。',
    },
  },
  {
    name: 'port',
    kind: 'port',
    env: 'FUNADE_PORT',
    flags: ['--port'],
    default: 8000,
    inFile: true,
    doc: {
      en: 'Port for dashboard, API, webhooks and functions; 0 lets the system choose.',
      ja: 'ダッシュボード・API・webhook・関数のポート。0 でシステムが選択。',
    },
  },
  {
    name: 'dataDir',
    kind: 'path',
    env: 'FUNADE_DATA_DIR',
    flags: ['--data-dir'],
    default: './.funade',
    inFile: true,
    doc: {
      en: 'Folder for the embedded database, artifacts, logs and secrets.',
      ja: '組み込みデータベース・成果物・ログ・秘密情報を置くフォルダー。',
    },
  },
  {
    name: 'role',
    kind: 'choice',
    env: 'FUNADE_ROLE',
    flags: ['--role', '--mode'],
    default: 'all',
    choices: SERVER_ROLES,
    inFile: true,
    doc: { en: 'What this process does.', ja: 'このプロセスの役割。' },
  },
  {
    name: 'language',
    kind: 'choice',
    env: 'FUNADE_LANG',
    flags: ['--lang'],
    default: 'en',
    choices: LANGUAGES,
    inFile: true,
    doc: {
      en: 'Language of messages; without it the locale (LC_ALL, LC_MESSAGES, LANG) decides.',
      ja: 'メッセージの言語。省略時はロケール(LC_ALL、LC_MESSAGES、LANG)に従う。',
    },
  },
  {
    name: 'logLevel',
    kind: 'choice',
    env: 'FUNADE_LOG_LEVEL',
    flags: ['--log-level'],
    default: 'info',
    choices: LOG_LEVELS,
    inFile: true,
    doc: { en: 'Least severe log line that is written.', ja: '出力するログの最低レベル。' },
  },
  {
    name: 'databaseUrl',
    kind: 'databaseUrl',
    env: 'DATABASE_URL',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'PostgreSQL 15 or newer; without it Funade runs its own in the data directory.',
      ja: 'PostgreSQL 15 以上の接続先。省略時はデータディレクトリ内の組み込みを使用。',
    },
  },
  {
    name: 'webhook.enabled',
    kind: 'boolean',
    env: 'WEBHOOK_ENABLED',
    flags: [],
    default: true,
    inFile: true,
    doc: { en: 'Whether webhooks are received.', ja: 'webhook を受け付けるか。' },
  },
  {
    name: 'webhook.host',
    kind: 'host',
    env: 'WEBHOOK_SERVER_HOST',
    flags: ['--host'],
    default: null,
    follows: 'host',
    inFile: true,
    doc: {
      en: 'Address of the webhook role; without it that of `host`.',
      ja: 'webhook ロールの待ち受けアドレス。省略時は `host` と同じ。',
    },
  },
  {
    name: 'webhook.port',
    kind: 'port',
    env: 'WEBHOOK_SERVER_PORT',
    flags: ['--port'],
    default: null,
    follows: 'port',
    inFile: true,
    doc: {
      en: 'Port of the webhook role; without it that of `port`.',
      ja: 'webhook ロールのポート。省略時は `port` と同じ。',
    },
  },
  {
    name: 'github.secrets',
    kind: 'secrets',
    env: 'GITHUB_WEBHOOK_SECRET',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'Webhook secrets of GitHub; all are accepted, so that one can be replaced without a gap.',
      ja: 'GitHub の webhook シークレット。すべて受け付けるため、途切れなく交換可能。',
    },
  },
  {
    name: 'github.apiUrl',
    kind: 'url',
    env: 'GITHUB_API_URL',
    flags: [],
    default: 'https://api.github.com',
    inFile: true,
    doc: { en: 'API of GitHub or GitHub Enterprise.', ja: 'GitHub または GitHub Enterprise の API。' },
  },
  {
    name: 'github.token',
    kind: 'secret',
    env: 'GITHUB_PERSONAL_ACCESS_TOKEN',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'Token for statuses, comments and private repositories on GitHub.',
      ja: 'GitHub のステータス・コメント・非公開リポジトリ用トークン。',
    },
  },
  {
    name: 'gitlab.tokens',
    kind: 'secrets',
    env: 'GITLAB_WEBHOOK_TOKEN',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'Webhook tokens of GitLab (X-Gitlab-Token); all are accepted.',
      ja: 'GitLab の webhook トークン(X-Gitlab-Token)。すべて受け付ける。',
    },
  },
  {
    name: 'gitlab.signingTokens',
    kind: 'secrets',
    env: 'GITLAB_WEBHOOK_SIGNING_TOKEN',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'Signing tokens of GitLab 19 and newer (whsec_…); all are accepted.',
      ja: 'GitLab 19 以降の署名トークン(whsec_…)。すべて受け付ける。',
    },
  },
  {
    name: 'gitlab.apiUrl',
    kind: 'url',
    env: 'GITLAB_API_URL',
    flags: [],
    default: 'https://gitlab.com/api/v4',
    inFile: true,
    doc: { en: 'API of GitLab.', ja: 'GitLab の API。' },
  },
  {
    name: 'gitlab.token',
    kind: 'secret',
    env: 'GITLAB_PERSONAL_ACCESS_TOKEN',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'Token for statuses, comments and private projects on GitLab.',
      ja: 'GitLab のステータス・コメント・非公開プロジェクト用トークン。',
    },
  },
  {
    name: 'functions.untrusted',
    kind: 'choice',
    env: 'FUNADE_FUNCTIONS_UNTRUSTED',
    flags: [],
    default: 'refuse',
    choices: ['refuse', 'allow'],
    inFile: true,
    doc: {
      en: 'Code that did not come through a pipeline, where isolation is missing: refuse or allow.',
      ja: '隔離できない環境での、パイプラインを通っていないコードの扱い。refuse(拒否)か allow(許可)。',
    },
  },
  {
    name: 'functions.url',
    kind: 'serverUrl',
    env: 'FUNADE_FUNCTIONS_URL',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'Address under which this process reaches functions (`verify`); without it its own.',
      ja: 'このプロセスから関数に到達するアドレス(`verify` 用)。省略時は自身のアドレス。',
    },
  },
  {
    name: 'functions.jwt.issuer',
    kind: 'text',
    env: 'FUNADE_FUNCTIONS_JWT_ISSUER',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'Issuer (`iss`) whose JSON Web Tokens may call functions; needs `functions.jwt.secret` or `functions.jwt.publicKey`.',
      ja: '関数を呼べる JSON Web Token の発行者(`iss`)。`functions.jwt.secret` か `functions.jwt.publicKey` が必要。',
    },
  },
  {
    name: 'functions.jwt.audience',
    kind: 'text',
    env: 'FUNADE_FUNCTIONS_JWT_AUDIENCE',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'Audience (`aud`) that those tokens have to name; without it any.',
      ja: 'トークンに必要な対象者(`aud`)。省略時は問わない。',
    },
  },
  {
    name: 'functions.jwt.secret',
    kind: 'secret',
    env: 'FUNADE_FUNCTIONS_JWT_SECRET',
    flags: [],
    default: null,
    minimum: 32,
    inFile: true,
    doc: {
      en: 'Secret that they are signed with (HS256), at least 32 characters.',
      ja: 'トークンの署名に使う共有の秘密(HS256)。32 文字以上。',
    },
  },
  {
    name: 'functions.jwt.publicKey',
    kind: 'publicKey',
    env: 'FUNADE_FUNCTIONS_JWT_PUBLIC_KEY',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'RSA public key that they are verified with (RS256): PEM, or the path of a PEM file.',
      ja: 'トークンの検証に使う RSA 公開鍵(RS256)。PEM、または PEM ファイルのパス。',
    },
  },
  {
    name: 'functions.limits.executePerMinute',
    kind: 'count',
    env: 'FUNADE_FUNCTIONS_LIMITS_EXECUTE_PER_MINUTE',
    flags: [],
    default: 100,
    inFile: true,
    doc: {
      en: 'Function calls that one token may make in a minute; 0 does not limit them.',
      ja: '1 つのトークンが 1 分間に行える関数呼び出しの数。0 で無制限。',
    },
  },
  {
    name: 'functions.limits.readPerMinute',
    kind: 'count',
    env: 'FUNADE_FUNCTIONS_LIMITS_READ_PER_MINUTE',
    flags: [],
    default: 60,
    inFile: true,
    doc: {
      en: 'Times that one token may look at functions in a minute; 0 does not limit them.',
      ja: '1 つのトークンが 1 分間に関数を参照できる回数。0 で無制限。',
    },
  },
  {
    name: 'secrets.key',
    kind: 'key',
    env: 'FUNADE_SECRETS_KEY',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'Key that secrets of applications are encrypted with: 32 bytes, base64 or hexadecimal. Without it one is made in the data directory. All processes on one database need the same.',
      ja: 'アプリケーションの秘密情報を暗号化する鍵。32 バイト(base64 または 16 進)。省略時はデータディレクトリに作成。同じデータベースを使う全プロセスで同一にする。',
    },
  },
  {
    name: 'cli.server',
    kind: 'serverUrl',
    env: 'FUNADE_SERVER',
    flags: ['--server'],
    default: null,
    follows: 'port',
    inFile: true,
    doc: {
      en: 'Server that commands talk to; without it the one on this machine.',
      ja: 'コマンドの接続先サーバー。省略時はこのマシンのサーバー。',
    },
  },
  {
    name: 'cli.token',
    kind: 'secret',
    env: 'FUNADE_TOKEN',
    flags: [],
    default: null,
    tooShort: 'tokenShort',
    inFile: true,
    doc: { en: 'Token that commands send.', ja: 'コマンドが送るトークン。' },
  },
] as const satisfies readonly ServerOption[];

export type OptionName = (typeof serverOptions)[number]['name'];
