import { GUARD_PROFILES, type GuardOption, guardConfigTemplate, guardOptions } from '../../src/config/index.ts';
import type { Language } from '../../src/kernel/index.ts';

interface Words {
  readonly title: string;
  readonly before: readonly string[];
  readonly head: readonly string[];
  readonly notSet: string;
  readonly noEntry: string;
  readonly notInFile: string;
  readonly atLeast: string;
  readonly atMost: string;
  readonly example: readonly string[];
}

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    title: 'Configuration of the guard',
    before: [
      'A flag wins over the environment, the environment over the mounted ConfigMap, that over the file, the file over the default of the',
      'profile, and that over the fixed default. All faults are told at once, each with its source, and with any of them the guard does not start (exit 78).',
      '`funade guard config` prints each value and where it came from.',
      '',
      '## Sources',
      '',
      '- **File**: `guard.yaml` in the working directory, or what `GUARD_CONFIG_FILE` or `--config` names. Keys are nested: `server.port` is `port` below',
      '  `server`. Unknown keys are errors, except those that start with `x-`. `${NAME}` in a value is taken from the environment; `$${` stands for `${`.',
      '- **Mounted ConfigMap**: each file in `/etc/funade-guard/config`, or in what `GUARD_CONFIG_DIR` names, is one setting. Its name is the key (`server.port`)',
      '  or the variable (`GUARD_SERVER_PORT`), its content the value; a line end at its end is cut, and entries of a list are separated by commas.',
      '  A file `guard.yaml` in there is read as the file is, and the others win over it. Hidden files and names that start with `x-` are left out; any',
      '  other name is an error. A Secret can be mounted into the same directory (`projected`), for `funade.token`.',
      '- **Environment**: `GUARD_` and the key in capitals. An unknown `GUARD_…` is an error. Variables that Kubernetes makes for a Service (`GUARD_SERVICE_HOST`,',
      '  `GUARD_PORT_443_TCP`, `GUARD_PORT=tcp://…`) are left out.',
      '',
      'Changes of a source count after a restart; only certificates are taken up while it runs. Units: `500ms`, `10s`, `1m30s`; `512KiB`, `3MiB`.',
      '',
      '## Settings',
      '',
      'Where the default depends on `profile`, all three are named: development, staging, production.',
    ],
    head: ['key', 'meaning', 'default', 'environment', 'flag'],
    notSet: 'not set',
    noEntry: 'none',
    notInFile: 'not in file or ConfigMap',
    atLeast: 'at least',
    atMost: 'at most',
    example: [
      '## Example: `guard.yaml`',
      '',
      'Every setting with its default (that of production where the profile decides), or with an example where there is none.',
    ],
  },
  ja: {
    title: 'ガードの設定',
    before: [
      'フラグ、環境変数、マウントした ConfigMap、ファイル、プロファイルの既定値、固定の既定値の順に優先します。誤りは出どころつきで一度にすべて',
      '示します。1 つでもあればガードは起動しません(終了コード 78)。`funade guard config` で、それぞれの値とその出どころを確かめられます。',
      '',
      '## 設定の出どころ',
      '',
      '- **ファイル**: 作業ディレクトリーの `guard.yaml`、または `GUARD_CONFIG_FILE` か `--config` で指定したファイルです。キーは入れ子にします',
      '  (`server.port` は `server` の下の `port` です)。知らないキーは誤りになります(`x-` で始まるものを除きます)。値の `${NAME}` は環境変数で置き換えます。',
      '  `${` そのものは `$${` と書きます。',
      '- **マウントした ConfigMap**: `/etc/funade-guard/config`(または `GUARD_CONFIG_DIR` のディレクトリー)のファイル 1 つが設定 1 つです。ファイル名はキー',
      '  (`server.port`)か環境変数名(`GUARD_SERVER_PORT`)、内容は値です。末尾の改行は取り除きます。リストはコンマで区切ります。',
      '  その中の `guard.yaml` は上のファイルと同じように読み、ほかのファイルを優先します。隠しファイルと `x-` で始まる名前は無視します。',
      '  それ以外の名前は誤りになります。`funade.token` のために、Secret を同じディレクトリーにマウントできます(`projected`)。',
      '- **環境変数**: `GUARD_` に続けてキーを大文字で書きます。知らない `GUARD_…` は誤りになります。Kubernetes が Service のために作る変数',
      '  (`GUARD_SERVICE_HOST`、`GUARD_PORT_443_TCP`、`GUARD_PORT=tcp://…`)は無視します。',
      '',
      '変更は再起動後に有効になります。実行中に反映するのは証明書だけです。単位: `500ms`、`10s`、`1m30s`、`512KiB`、`3MiB`。',
      '',
      '## 設定の一覧',
      '',
      '既定値が `profile` によって変わるものは、development、staging、production の順に 3 つ書いています。',
    ],
    head: ['キー', '意味', '既定値', '環境変数', 'フラグ'],
    notSet: '未設定',
    noEntry: 'なし',
    notInFile: 'ファイル・ConfigMap 不可',
    atLeast: '最小',
    atMost: '最大',
    example: [
      '## 例: `guard.yaml`',
      '',
      'すべての設定と既定値です(プロファイルで変わるものは production の値、既定値がないものは例です)。',
    ],
  },
};

/** The reference page of the guard's settings, with the defaults of every profile. */
export function renderGuardConfiguration(language: Language): string {
  const words = WORDS[language];
  return [
    `# ${words.title}`,
    '',
    ...words.before,
    '',
    row(words.head),
    row(words.head.map(() => '---')),
    ...guardOptions.map((option) => row(cells(option, language))),
    '',
    ...words.example,
    '',
    '```yaml',
    guardConfigTemplate(language).trimEnd(),
    '```',
    '',
  ].join('\n');
}

function cells(option: GuardOption, language: Language): readonly string[] {
  const words = WORDS[language];
  return [
    option.inFile ? code(option.name) : `${code(option.name)} (${words.notInFile})`,
    `${option.doc[language]}${bracketed(choicesOf(option))}${bracketed(limitsOf(option, words))}`,
    defaultOf(option, words),
    option.env === null ? '–' : code(option.env),
    option.flags.length === 0 ? '–' : option.flags.map(code).join(', '),
  ];
}

function choicesOf({ choices = [] }: GuardOption): string {
  return choices.map(code).join(', ');
}

function limitsOf(option: GuardOption, words: Words): string {
  const least = option.kind === 'duration' ? (option.shortest ?? '1s') : sized(option, option.least);
  const most = option.kind === 'duration' ? option.longest : sized(option, option.most);
  return [
    ...(least === undefined ? [] : [`${words.atLeast} ${code(least)}`]),
    ...(most === undefined ? [] : [`${words.atMost} ${code(most)}`]),
  ].join(', ');
}

function sized({ kind }: GuardOption, value: number | undefined): string | undefined {
  if (value === undefined || kind !== 'size') return value?.toString();
  return value % 1024 ** 2 === 0 ? `${value / 1024 ** 2}MiB` : `${value / 1024}KiB`;
}

function bracketed(text: string): string {
  return text === '' ? '' : ` (${text})`;
}

function defaultOf({ profiles, default: value }: GuardOption, words: Words): string {
  if (profiles !== undefined) return GUARD_PROFILES.map((profile) => code(String(profiles[profile]))).join(', ');
  if (value === null) return words.notSet;
  if (typeof value !== 'object') return code(String(value));
  return value.length === 0 ? words.noEntry : value.map(code).join(', ');
}

function row(texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}
