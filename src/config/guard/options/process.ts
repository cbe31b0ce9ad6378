import { LANGUAGES } from '../../../kernel/index.ts';
import { LOG_LEVELS } from '../../server/model.ts';
import { GUARD_PROFILES } from '../model.ts';
import { option } from '../option.ts';

/** Where settings come from, and what the process is. */
export const processOptions = [
  option('config', {
    kind: 'path',
    env: 'GUARD_CONFIG_FILE',
    flags: ['--config'],
    default: 'guard.yaml',
    inFile: false,
    doc: {
      en: 'File with settings of the guard; the default one may be missing.',
      ja: 'ガードの設定ファイル。既定のファイルはなくてもよい。',
    },
  }),
  option('configDirectory', {
    kind: 'path',
    env: 'GUARD_CONFIG_DIR',
    default: '/etc/funade-guard/config',
    inFile: false,
    doc: {
      en: 'Directory of a mounted ConfigMap; the default one may be missing.',
      ja: 'マウントした ConfigMap のディレクトリー。既定のものはなくてもよい。',
    },
  }),
  option('profile', {
    kind: 'choice',
    flags: ['--profile'],
    default: 'production',
    choices: GUARD_PROFILES,
    doc: {
      en: 'What the guard is run for; chooses the defaults of other settings, and how much its messages tell.',
      ja: 'ガードの用途。ほかの設定の既定値と、メッセージの詳しさを決める。',
    },
  }),
  option('language', {
    kind: 'choice',
    flags: ['--lang'],
    default: 'en',
    choices: LANGUAGES,
    doc: {
      en: 'Language of the messages that people get with `kubectl`.',
      ja: '`kubectl` の利用者に見せるメッセージの言語。',
    },
  }),
  option('logLevel', {
    kind: 'choice',
    flags: ['--log-level'],
    choices: LOG_LEVELS,
    profiles: { development: 'debug', staging: 'info', production: 'info' },
    doc: { en: 'Least severe log line that is written.', ja: '出力するログの最低レベル。' },
  }),
  option('namespace', {
    kind: 'namespace',
    example: 'funade-guard',
    doc: {
      en: "The guard's own namespace, which it never judges; without it that of its service account, when it runs in a pod.",
      ja: 'ガード自身の Namespace(判定の対象外)。省略時は、Pod 内ならサービスアカウントの Namespace。',
    },
  }),
] as const;
