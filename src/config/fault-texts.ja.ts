import type { Expected, FaultKey, FaultText, Word } from './fault-texts.ts';

/** 日本語の文面。キーと置換名は英語と同じです。 */
export const japaneseFaultTexts: Readonly<Record<FaultKey, FaultText>> = {
  more: { message: 'ほかに {count} 件の誤りがあります。', fix: '先に上の誤りを直してください。' },
  empty: {
    message: 'ファイルに設定がありません。',
    fix: '`funade config init` でコメント付きの雛形を作成してください。',
  },
  tooLarge: {
    message: 'ファイルは {size} KB です。上限は {limit} KB です。',
    fix: 'データは設定の外に置いてください。',
  },
  syntax: { message: 'ここから YAML として読めません: {reason}。', fix: '字下げ・引用符・括弧を確かめてください。' },
  tooDeep: {
    message: '入れ子が深すぎます。',
    fix: '階層を減らしてください。閉じ忘れた括弧が原因のことがよくあります。',
  },
  unreadable: { message: '{file} を読めません: {reason}。', fix: 'ファイルの有無と読み取り権限を確かめてください。' },
  duplicateKey: { message: 'キー "{key}" が同じ節に 2 回あります。', fix: 'どちらか一方だけを残してください。' },
  keyNotText: { message: 'キーは文字列でなければなりません。', fix: '`名前: 値` の形で書いてください。' },
  unknownTag: {
    message: '未知の YAML タグ {found} です。',
    fix: 'タグを外してください。`!` で始まる文字列は引用符で囲んでください。',
  },
  unknownAlias: {
    message: 'エイリアス {found} のアンカーが前にありません。',
    fix: '上で `&名前` として定義してください。',
  },
  circularAlias: { message: 'エイリアス {found} が自分自身を含んでいます。', fix: '値を直接書いてください。' },
  tooManyAliases: { message: 'エイリアスの展開が {limit} 個の値を超えます。', fix: '値を直接書いてください。' },
  badMerge: { message: '`<<` で取り込めるのは節だけです。', fix: '`<<: *名前` の形で節を指してください。' },
  unknownKey: {
    message: '{section} に未知のキー "{key}" があります。',
    fix: '使えるキー: {known}。独自のメモは `x-` で始まるキーに書いてください。',
  },
  unknownKeyNear: { message: '{section} に未知のキー "{key}" があります。', fix: '"{nearest}" ではありませんか。' },
  missingKey: { message: '{section} に "{key}" がありません。', fix: '`{key}:` を加えてください({expected})。' },
  wrongValue: { message: '{expected}が必要ですが、{found} とあります。', fix: '{example} のように書いてください。' },
  numberAsText: { message: '文字列が必要ですが、{found} とあります。', fix: '引用符で囲んでください: "{source}"。' },
  durationWithoutUnit: {
    message: '時間には単位が必要ですが、{found} とあります。',
    fix: '`{source}s` のように書いてください。',
  },
  outOfRange: { message: '{range}の値が必要ですが、{found} とあります。', fix: 'その範囲の値にしてください。' },
  tooFew: { message: 'リストが空です。', fix: '1 つ以上書いてください。' },
  unknownValue: { message: '{known} のいずれかが必要ですが、{found} とあります。', fix: 'いずれかを選んでください。' },
  unknownValueNear: {
    message: '{known} のいずれかが必要ですが、{found} とあります。',
    fix: '"{nearest}" ではありませんか。',
  },
  pathEscapes: {
    message: 'パス {found} がチェックアウトの外に出ます。',
    fix: '`..` を使わず、リポジトリからの相対パスで書いてください。',
  },
  reservedVariable: {
    message: '変数 {key} は予約済みです。FUNADE_ で始まる名前は Funade が設定します。',
    fix: '別の名前にしてください。',
  },
  badVariable: {
    message: '変数 {key} はシェルで使えない名前です。',
    fix: '`LOG_LEVEL` のように英字・数字・_ で書いてください。',
  },
  routeTaken: {
    message: 'ルート {found} は関数 "{other}"({line} 行目)が使っています。',
    fix: '関数ごとに別のルートにしてください。',
  },
  handlerMissing: {
    message: '"handler" がありません。ランタイム {runtime} には既定値がありません。',
    fix: '`handler:` を追加してください。nodejs と python は「ファイル.エクスポート名」、rust はソースファイルまたはプログラムです。',
  },
  handlerForm: {
    message: 'ハンドラー {found} は、ランタイム {runtime} に必要な「ファイル.エクスポート名」の形ではありません。',
    fix: '`index.handler` や `dist/api.handler` のように書いてください。',
  },
  handlerNotAscii: {
    message: 'ハンドラー {found} に ASCII ではない文字があります。',
    fix: 'ファイルとエクスポートの名前は ASCII の英数字・`_`・`-` にしてください。例: `index.handler`。',
  },
  concurrencyRuntime: {
    message: 'ランタイム {runtime} のインスタンスが同時に処理するリクエストは 1 件です({found} 件は指定できません)。',
    fix: '`concurrency` を省いてください。プロセスを増やすには `instances: { max: … }` を使います。',
  },
  instancesOrder: {
    message: 'instances.min({min})が instances.max({max})より大きくなっています。',
    fix: 'min は {max} 以下にしてください。',
  },
  openUntrusted: {
    message: '`network: open` は信頼されたコードだけのものですが、この関数は `trusted: false` です。',
    fix: '到達先を `egress` に列挙してください。',
  },
  smokeForm: {
    message: 'スモークテストはリクエスト(`http`)かイベント(`event`)のどちらか一方です。',
    fix: '`{ http: /path }` または `{ event: { … } }` と書いてください。',
  },
  noFunctions: {
    message: '環境 "{environment}" は関数を動かしますが、関数がありません。',
    fix: '`functions:` に加えてください。',
  },
  stageWithoutKind: {
    message: 'ステージが何をするか書かれていません。',
    fix: '{known} のいずれかで始めてください。例: `- test: npm test`。',
  },
  stageWithTwoKinds: {
    message: '1 つのステージにできることは 1 つですが、{found} があります。',
    fix: 'それぞれを `- ` で始めてください。',
  },
  stageKeyOutside: {
    message: '"{key}" が "{kind}" の外にあり、効果がありません。',
    fix: '中に書いてください: `- {kind}: { …, {key}: … }`。',
  },
  stageNameTaken: {
    message: '{found} という名前のステージが 2 つあります。',
    fix: 'ステージごとに別の名前にしてください。',
  },
  unknownEnvironment: {
    message: '環境 {found} は宣言されていません。',
    fix: '`environments:` で宣言してください。宣言済み: {known}。',
  },
  unknownEnvironmentNear: { message: '環境 {found} は宣言されていません。', fix: '"{nearest}" ではありませんか。' },
  artifactTwice: {
    message: '成果物が 2 つあります。リリースの成果物は 1 つです。',
    fix: '`artifact` は 1 つの build ステージだけに書いてください。',
  },
  artifactOutsideBuild: {
    message: '"{kind}" では `artifact` に効果がありません。',
    fix: '`build` ステージに移してください。',
  },
  verifyNothing: {
    message: 'このステージは何も検証しません。',
    fix: '`http: /path` か `run: <コマンド>` を加えてください。',
  },
  verifyBoth: {
    message: 'verify ステージでできるのは HTTP の確認かコマンドの一方です。',
    fix: '2 つのステージに分けてください。',
  },
  expectWithoutHttp: {
    message: '`expect` には `http` が必要です。',
    fix: '`http: /path` を加えるか、`expect` を外してください。',
  },
  verifyWhere: {
    message: 'どの環境を検証するかが書かれていません。',
    fix: '`in: <環境>` を加えるか、deploy ステージの後に置いてください。',
  },
  quorumUnreachable: {
    message: '定足数 {found} は満たせません。承認できるのは {count} 人だけです。',
    fix: '`quorum` を下げるか、`by` に人か役割を加えてください。',
  },
  deployTooShort: {
    message: 'このステージは {timeout} で終わりますが、"{environment}" への展開は計画上 {waits} 待ちます。',
    fix: 'このステージの `timeout` を {waits} より長くしてください。',
  },
  strategyCount: { message: '戦略は 1 つですが、{found} とあります。', fix: '{known} のうち 1 つだけにしてください。' },
  weightNotRising: {
    message: '重み {found} が前の {previous} より大きくありません。',
    fix: '重みは 100 まで段階ごとに上げてください。',
  },
  noWeight: {
    message: 'カナリアには重みが 1 つ以上必要です。',
    fix: '`steps: [10, { pause: 1m }, 50]` のように書いてください。',
  },
  analyseWithoutTraffic: {
    message: '`analyse` が最初の重みより前にあり、見るべきトラフィックがありません。',
    fix: '重みの後に移してください。',
  },
  analyseWithoutMetrics: {
    message: '`analyse` にはメトリクスが必要ですが、環境 "{environment}" にありません。',
    fix: '`analysis:` に 1 つ以上加えてください。',
  },
  stickyCount: {
    message: '呼び出し元の識別はヘッダーか Cookie の一方ですが、{found} とあります。',
    fix: '`sticky: { cookie: 名前 }` か `sticky: { header: 名前 }` と書いてください。',
  },
  unknownProvider: { message: '未知のメトリクス提供元 {found} です。', fix: '使える提供元: {known}。' },
  unknownMetric: {
    message: '提供元 "{provider}" にメトリクス {found} はありません。',
    fix: '使えるメトリクス: {known}。',
  },
  unknownMetricNear: {
    message: '提供元 "{provider}" にメトリクス {found} はありません。',
    fix: '"{nearest}" ではありませんか。',
  },
  metricWithoutCondition: {
    message: 'メトリクス "{metric}" に条件がなく、不合格になりえません。',
    fix: '`max`、`min`、`compare: stable` のいずれかを加えてください。',
  },
  metricNameTaken: {
    message: '{found} という名前のメトリクスが 2 つあります。',
    fix: 'それぞれに別の `name` を付けてください。',
  },
  shareOverOne: {
    message: '{metric} は割合ですが、{found} は全体を超えます。',
    fix: '`{source}%` のように百分率で書いてください。',
  },
  unitMismatch: {
    message: '{metric} は{expected}ですが、{found} とあります。',
    fix: '{example} のように書いてください。',
  },
  minAboveMax: {
    message: '`min` {found} が `max` {max} より大きくなっています。',
    fix: '入れ替えるか、一方を直してください。',
  },
  warnOutside: {
    message: '`warn` {found} は効果がありません。{range}でなければなりません。',
    fix: '{range}の値にするか、`warn` を外してください。',
  },
  warnAlone: { message: '`warn` には `max` か `min` が必要です。', fix: '警告の先にあるしきい値を加えてください。' },
  compareOnlyErrors: {
    message: '`compare: stable` は error-rate だけに使えます({metric} には使えません)。',
    fix: '{metric} には `max` か `min` を使ってください。',
  },
  alphaWithoutCompare: {
    message: '`alpha` は `compare: stable` の設定です。',
    fix: '`compare: stable` を加えるか、`alpha` を外してください。',
  },
  settingEmpty: { message: '{setting} が空です。', fix: '値を入れるか、設定を外してください。' },
  entryEmpty: {
    message: '{setting} の一覧に空の項目があります。',
    fix: '余分なカンマや「-」を取り除くか、足りない値を書いてください。',
  },
  settingWrong: {
    message: '{setting} が {found} です。{expected}が必要です。',
    fix: '{example} のように書いてください。',
  },
  settingChoice: {
    message: '{setting} が {found} です。{known} のいずれかが必要です。',
    fix: 'いずれかを選んでください。',
  },
  settingChoiceNear: {
    message: '{setting} が {found} です。{known} のいずれかが必要です。',
    fix: '"{nearest}" ではありませんか。',
  },
  secretShort: {
    message: '{setting} は {length} 文字です。秘密情報には {minimum} 文字以上が必要です。',
    fix: '`openssl rand -hex 32` で作成してください。',
  },
  tokenShort: {
    message: '{setting} は {length} 文字なのでトークンではありません。トークンは `fun_` で始まる 47 文字です。',
    fix: 'サーバーのマシンでは `export FUNADE_TOKEN=$(cat <データディレクトリ>/secrets/owner-token)` を実行してください。それ以外では owner に `funade token create` での発行を頼んでください。',
  },
  guardTokenShort: {
    message: '{setting} は {length} 文字なのでトークンではありません。トークンは `fun_` で始まる 47 文字です。',
    fix: 'Funade サーバーの owner が `funade token create --name guard --role viewer` で発行します。',
  },
  secretSpace: {
    message: '{setting} の先頭か末尾に空白があります。',
    fix: '取り除いてください。多くはファイル末尾の改行が原因です。',
  },
  secretUnexpanded: { message: '{setting} に `{found}` が残っています。', fix: 'Funade の起動前に展開してください。' },
  secretLabelTaken: {
    message: '{setting} にラベル {found} の秘密情報が 2 つあります。',
    fix: 'それぞれに別のラベルを付けてください。',
  },
  variableUnset: {
    message: '{setting} に必要な環境変数 {variable} がありません。',
    fix: '{variable} を設定してください。文字そのものは `$${{variable}}` と書きます。',
  },
  variableEmpty: {
    message: '{setting} に必要な環境変数 {variable} が空です。',
    fix: '{variable} に値を入れてください。',
  },
  variableForm: {
    message: '{setting} に参照として読めない部分があります: {found}。',
    fix: '`${NAME}` と書いてください。文字そのものは `$${` と書きます。',
  },
  labelTaken: {
    message: '{setting} と {other} がどちらも {found} です。',
    fix: '状態ごとに別のラベルにしてください。',
  },
  settingNeeds: {
    message: '{setting} には {needed} が必要ですが、設定されていません。',
    fix: '{needed} を設定してください(例: {example})。',
  },
  mcpForm: {
    message:
      '{setting} の設定は {found} です。MCP サーバーは `command` で起動するか、`url` で接続するかのどちらかです。',
    fix: '`command: [npx, -y, some-mcp-server]` か `url: https://mcp.example.com/mcp` のどちらかを書いてください。',
  },
  mcpKeyOutside: {
    message: '{setting} は `{key}` がなければ効果がありません。',
    fix: '取り除くか、そのサーバーに `{key}` を加えてください。',
  },
  aliasesDiffer: {
    message: '{setting} と {other} は同じ設定ですが、値が違います。',
    fix: 'どちらか一方だけにしてください。',
  },
  unknownVariable: {
    message: '環境変数 {found} は知らない名前です。',
    fix: '取り除いてください。設定の一覧は `funade guard config` で確かめられます(`mode` の環境変数は GUARD_MODE です)。',
  },
  unknownVariableNear: { message: '環境変数 {found} は知らない名前です。', fix: '{nearest} の誤りではありませんか。' },
  unknownFile: {
    message: 'ファイル {found} の名前に当たる設定がありません。',
    fix: '設定名(`mode`)かその環境変数名(`GUARD_MODE`)にしてください。メモの名前は `x-` で始めます。',
  },
  unknownFileNear: {
    message: 'ファイル {found} の名前に当たる設定がありません。',
    fix: '「{nearest}」の誤りではありませんか。',
  },
  notBelow: {
    message: '{setting} は {found} で、{other}({limit})より小さくありません。',
    fix: '{setting} を下げるか、{other} を上げてください。',
  },
  above: {
    message: '{setting} は {found} で、{other}({limit})を超えています。',
    fix: '{setting} を下げるか、{other} を上げてください。',
  },
  portTaken: {
    message: '{setting} と {other} がどちらも {found} です。',
    fix: '別々のポートにしてください。',
  },
};

export const japaneseExpectedTexts: Readonly<Record<Expected, { readonly words: string; readonly example: string }>> = {
  text: { words: '文字列', example: '`"text"`' },
  number: { words: '数値', example: '`10`' },
  integer: { words: '整数', example: '`10`' },
  flag: { words: '`true` か `false`', example: '`true`' },
  list: { words: 'リスト', example: '`[first, second]`' },
  section: { words: '節', example: '字下げした `名前: 値`' },
  duration: { words: '時間', example: '`30s`、`10m`、`1h30m`' },
  threshold: { words: '数値・百分率・時間のいずれか', example: '`5%`、`500ms`、`20`' },
  share: { words: '割合', example: '`5%`' },
  time: { words: '時間', example: '`500ms`' },
  rate: { words: '単位のない数値', example: '`20`' },
  version: { words: 'バージョン 1', example: '`version: 1`' },
  name: { words: '英小文字で始まる英小文字・数字・- の名前(39 文字以内)', example: '`my-app`' },
  stageName: { words: '文字・数字・空白と . _ - の名前(59 文字以内)', example: '`unit tests`' },
  command: { words: 'コマンド', example: '`npm test`' },
  script: { words: '`sh` で実行するコマンド', example: '`my-agent < "$FUNADE_PROMPT_FILE"`' },
  program: { words: 'プログラムと引数のリスト', example: '`[npx, -y, some-mcp-server]`' },
  commands: { words: 'コマンドかそのリスト', example: '`[npm run lint, npm test]`' },
  runStage: { words: 'コマンド、そのリスト、または `run` を持つ節', example: '`{ run: npm test }`' },
  deployStage: { words: '環境名、または `to` を持つ節', example: '`{ to: staging }`' },
  egress: { words: 'ホストとポート', example: '`api.example.com:443` や `*.example.com:5432`' },
  handler: { words: '成果物からの `ファイル.エクスポート名`', example: '`index.handler` や `dist/api.handler`' },
  route: { words: '`/` で始まるパス(末尾に `/*` を置けます)', example: '`/hello` や `/files/*`' },
  httpPath: { words: '`/` で始まるパス', example: '`/hello?name=Ann`' },
  pattern: { words: '名前かパターン', example: '`main`、`release/*`、`v**`' },
  patterns: { words: 'パターンかそのリスト', example: '`[main, release/*]`' },
  pathPattern: {
    words: 'リポジトリ内のパス(ワイルドカードは `*` と `**` のみ、先頭の `!` は除外)',
    example: '`src/**`、`docs/*.md`、`"!src/secrets/**"`',
  },
  pathPatterns: { words: 'パスのパターンかそのリスト', example: '`[src/**, docs/**]`' },
  branchPrefix: {
    words: 'ブランチ名の先頭にできる文字列(英数字で始まる、英数字と . _ - / の 100 文字以内)',
    example: '`funade/`',
  },
  approver: { words: '役割かユーザー名', example: '`approver` や `ann`' },
  approvers: { words: '役割かユーザー名、またはそのリスト', example: '`[owner, ann]`' },
  strategy: { words: '戦略', example: '`rolling`、`blueGreen`、`{ canary: { steps: [10, 50] } }`' },
  canaryStep: { words: '重み・pause・`analyse` のいずれか', example: '`10`、`{ pause: 1m }`、`pause`、`analyse`' },
  pause: { words: '時間、または人を待つ `{}`', example: '`{ pause: 10s }`' },
  analysis: { words: 'メトリクスのリスト', example: '`[{ metric: error-rate, max: 5% }]`' },
  headerName: { words: '空白のない名前', example: '`X-User`' },
  metricName: { words: '名前', example: '`errors`' },
  host: { words: 'ホスト名かアドレス', example: '`127.0.0.1`' },
  port: { words: '0 から 65535 のポート', example: '`8000`' },
  path: { words: 'パス', example: '`./.funade`' },
  url: { words: 'http か https のアドレス(ユーザー名・クエリ・フラグメントなし)', example: '`https://api.github.com`' },
  serverUrl: {
    words: 'http か https のアドレス(ユーザー名・クエリ・フラグメントなし)',
    example: '`http://127.0.0.1:8000`',
  },
  modelUrl: {
    words: 'http か https のアドレス(ユーザー名・クエリ・フラグメントなし)',
    example: '`https://api.openai.com/v1` や `http://127.0.0.1:11434/v1`',
  },
  mcpUrl: {
    words: 'http か https のアドレス(ユーザー名・フラグメントなし)',
    example: '`https://mcp.example.com/mcp`',
  },
  databaseUrl: { words: 'PostgreSQL のアドレス', example: '`postgres://user:password@host:5432/funade`' },
  secrets: { words: '秘密情報のリスト', example: '`[{ label: current, value: "${WEBHOOK_SECRET}" }]`' },
  cidrs: { words: 'アドレスかネットワーク', example: '`10.0.0.0/8` や `fd00::/8`' },
  repositories: { words: 'リポジトリの名前', example: '`owner/name`' },
  size: { words: 'バイト数', example: '`3MiB`、`512KiB`、`1048576`' },
  namespace: { words: 'Namespace の名前', example: '`funade-guard`' },
  namespaces: { words: 'Namespace の名前', example: '`cert-manager, monitoring`' },
  identities: { words: 'ユーザーかグループの名前', example: '`system:masters` や `platform-team`' },
};

export const japaneseWordTexts: Readonly<Record<Word, string>> = {
  top: 'ファイル',
  nothing: '値なし',
  aList: 'リスト',
  aSection: '節',
  none: 'なし',
  from: '{min} から {max}',
  atLeast: '{min} 以上',
  atMost: '{max} 以下',
  between: '{min} と {max} の間',
  below: '`max` {max} 未満',
  above: '`min` {min} 超',
};
