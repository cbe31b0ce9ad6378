import {
  type Blame,
  type ErrorCode,
  FunadeError,
  type Language,
  catalogue,
  describeError,
} from '../../src/kernel/index.ts';

interface Words {
  readonly title: string;
  readonly intro: readonly string[];
  readonly blame: Readonly<Record<Blame, string>>;
  readonly status: string;
  readonly exit: string;
  readonly retry: string;
  readonly yes: string;
  readonly no: string;
  readonly fix: string;
  readonly exitTitle: string;
  readonly exits: Readonly<Record<number, string>>;
}

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    title: 'Errors',
    intro: [
      'Every failure that a person or a program meets carries one of these codes. `{name}` stands for a received value.',
      'Over HTTP an error is `application/problem+json` with `code`, `detail`, `fix`, `errors[]` and `next[]`.',
    ],
    blame: {
      user: 'Asked in a way that is not possible now',
      config: 'Configuration',
      forge: 'The forge (GitHub, GitLab)',
      target: 'The deploy target',
      internal: 'Funade or what it runs on',
    },
    status: 'HTTP status',
    exit: 'Exit code',
    retry: 'Trying again can help',
    yes: 'yes',
    no: 'no',
    fix: 'Fix',
    exitTitle: 'Exit codes',
    exits: {
      0: 'ok',
      1: 'failed',
      2: 'usage or configuration',
      3: 'the release ended unhealthy or was aborted',
      4: 'input is needed, but nobody is there to give it',
      5: 'the wait timed out; the work goes on',
      6: 'not allowed',
      7: 'the server was not reached',
      78: 'settings of the guard',
      130: 'interrupted',
    },
  },
  ja: {
    title: 'エラー',
    intro: [
      '利用者やプログラムが受け取る失敗には、必ず次のコードのどれかが付きます。`{name}` には実際の値が入ります。',
      'HTTP では `application/problem+json` として `code`、`detail`、`fix`、`errors[]`、`next[]` を返します。',
    ],
    blame: {
      user: '今は応じられない要求',
      config: '設定',
      forge: 'フォージ(GitHub、GitLab)',
      target: 'デプロイ先',
      internal: 'Funade 自身またはその動作環境',
    },
    status: 'HTTP ステータス',
    exit: '終了コード',
    retry: '再試行',
    yes: '有効',
    no: '無効',
    fix: '対処',
    exitTitle: '終了コード',
    exits: {
      0: '成功',
      1: '失敗',
      2: '使い方または設定の誤り',
      3: 'リリースが不健全なまま終わった、または中止された',
      4: '入力が必要だが、対話できない',
      5: '待ち時間切れ(処理は続く)',
      6: '権限なし',
      7: 'サーバーに届かない',
      78: 'ガードの設定の誤り',
      130: '割り込み',
    },
  },
};

/** The reference page of all errors in one language, grouped by who has to act. */
export function renderErrors(language: Language): string {
  const words = WORDS[language];
  const codes = Object.keys(catalogue) as ErrorCode[];
  const groups = Object.entries(words.blame).flatMap(([blame, title]) => {
    const members = codes.filter((code) => catalogue[code].blame === blame);
    return members.length === 0 ? [] : [`## ${title}`, '', ...members.flatMap((code) => renderError(code, language))];
  });
  const exits = Object.entries(words.exits).map(([code, meaning]) => `| ${code} | ${meaning} |`);
  return [
    `# ${words.title}`,
    '',
    ...words.intro,
    '',
    `## ${words.exitTitle}`,
    '',
    `| | |`,
    '|--:|---|',
    ...exits,
    '',
    ...groups,
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}

function renderError(code: ErrorCode, language: Language): readonly string[] {
  const words = WORDS[language];
  const { status, exit, retryable } = catalogue[code];
  const { message, fix } = describeError(new FunadeError(code), language);
  const facts = [
    `${words.status} ${status}`,
    `${words.exit} ${exit}`,
    `${words.retry}: ${retryable ? words.yes : words.no}`,
  ];
  return [`### \`${code}\``, '', `> ${message}`, '', `${words.fix}: ${fix}`, '', facts.join(' · '), ''];
}
