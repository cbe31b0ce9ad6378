import { type ServerOption, agentSettingsExample, appConfigTemplate, serverOptions } from '../../src/config/index.ts';
import type { Language } from '../../src/kernel/index.ts';

interface Words {
  readonly title: string;
  readonly server: readonly string[];
  readonly head: readonly string[];
  readonly follows: (name: string) => string;
  readonly notSet: string;
  readonly notInFile: string;
  readonly agents: readonly string[];
  readonly application: readonly string[];
}

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    title: 'Configuration',
    server: [
      '## Server',
      '',
      'A flag wins over the environment, the environment over `funade.config.yaml`, and that over the default. Keys are nested in',
      'the file: `webhook.port` is `port` below `webhook`. Unknown keys are errors, except those that start with `x-`. `${NAME}` in a',
      'value is taken from the environment. `funade config show --origin` prints each value and where it came from.',
    ],
    head: ['key', 'meaning', 'default', 'environment', 'flag'],
    follows: (name) => `as \`${name}\``,
    notSet: 'not set',
    notInFile: 'not in the file',
    agents: [
      '### Agent tasks',
      '',
      'In `funade.config.yaml`, with the defaults where there are any. `network: model` opens nothing but the endpoint of `agent.model`:',
      'where the `command` runner is used without one, agents reach nothing. A repository can narrow these settings in its `funade.yaml`.',
    ],
    application: [
      '## Application: `funade.yaml`',
      '',
      'It stands in the repository of the application. `funade config init` writes this file; `funade config lint` checks it and tells',
      'all faults at once. Every key is named here, with its default.',
    ],
  },
  ja: {
    title: '設定',
    server: [
      '## サーバー',
      '',
      'フラグ、環境変数、`funade.config.yaml`、既定値の順に優先します。ファイルではキーを入れ子にします(`webhook.port` は',
      '`webhook` の下の `port` です)。知らないキーは誤りになります(`x-` で始まるものを除きます)。値の `${NAME}` は環境変数で',
      '置き換えます。`funade config show --origin` で、それぞれの値とその出どころを確かめられます。',
    ],
    head: ['キー', '意味', '既定値', '環境変数', 'フラグ'],
    follows: (name) => `\`${name}\` と同じ`,
    notSet: '未設定',
    notInFile: 'ファイル不可',
    agents: [
      '### エージェントのタスク',
      '',
      '`funade.config.yaml` での書き方です(注釈は英語です。既定値のあるものは既定値を書いています)。`network: model` で到達できるのは',
      '`agent.model` のエンドポイントだけです。`command` ランナーで `agent.model` を設定しなければ、どこにも到達できません。',
      'リポジトリの `funade.yaml` で、これらをさらに狭められます。',
    ],
    application: [
      '## アプリケーション: `funade.yaml`',
      '',
      'アプリケーションのリポジトリに置きます。`funade config init` でこのファイルを作り、`funade config lint` で確かめます。誤りは一度に',
      'すべて示します。すべてのキーと既定値を、次に示します(注釈は英語です)。',
    ],
  },
};

/** The reference page of all settings, of the server and of an application. */
export function renderConfiguration(language: Language): string {
  const words = WORDS[language];
  return [
    `# ${words.title}`,
    '',
    ...words.server,
    '',
    row(words.head),
    row(words.head.map(() => '---')),
    ...serverOptions.map((option: ServerOption) => row(cells(option, language))),
    '',
    ...words.agents,
    '',
    '```yaml',
    agentSettingsExample.trimEnd(),
    '```',
    '',
    ...words.application,
    '',
    '```yaml',
    appConfigTemplate().trimEnd(),
    '```',
    '',
  ].join('\n');
}

function cells(option: ServerOption, language: Language): readonly string[] {
  const words = WORDS[language];
  const choices = option.choices === undefined ? '' : ` (${option.choices.map(code).join(', ')})`;
  return [
    option.inFile ? code(option.name) : `${code(option.name)} (${words.notInFile})`,
    `${option.doc[language]}${choices}`,
    defaultOf(option, words),
    option.env === null ? '–' : code(option.env),
    option.flags.length === 0 ? '–' : option.flags.map(code).join(', '),
  ];
}

function defaultOf(option: ServerOption, words: Words): string {
  if (option.default !== null) return code(String(option.default));
  return option.follows === undefined ? words.notSet : words.follows(option.follows);
}

function row(texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}
