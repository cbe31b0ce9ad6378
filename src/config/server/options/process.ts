import { LANGUAGES } from '../../../kernel/index.ts';
import { LOG_LEVELS, SERVER_ROLES } from '../model.ts';
import type { ServerOption } from '../option.ts';

/** What a process is and where it keeps things. */
export const processOptions = [
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
] as const satisfies readonly ServerOption[];
