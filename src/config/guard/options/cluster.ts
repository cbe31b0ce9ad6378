import { option } from '../option.ts';

/** The API server, and what else the guard asks or is compared with. */
export const clusterOptions = [
  option('cluster.url', {
    kind: 'serverUrl',
    example: 'https://10.96.0.1:443',
    doc: {
      en: 'Where the API server is; without it as a pod learns it, or as the kubeconfig says.',
      ja: 'API サーバーのアドレス。省略時は Pod の環境または kubeconfig に従う。',
    },
  }),
  option('cluster.kubeconfig', {
    kind: 'path',
    flags: ['--kubeconfig'],
    example: './kubeconfig',
    doc: {
      en: 'File with the credentials for it; without it those of the pod.',
      ja: '接続に使う kubeconfig ファイル。省略時は Pod の資格情報。',
    },
  }),
  option('cluster.silence', {
    kind: 'duration',
    // Bookmarks come about once a minute, later on a busy API server. A minute would cut quiet watches that are alive
    // and list everything anew each time; half a minute more costs little, since a dead connection mostly ends by itself.
    default: '90s',
    longest: '1h',
    doc: {
      en: 'Time without a word on a watch until it counts as dead; bookmarks come about once a minute, so less than 75s lists everything anew again and again.',
      ja: 'watch が切れたとみなすまでの無通信時間。bookmark は約 1 分ごとなので、75s 未満では全件の取得し直しが繰り返される。',
    },
  }),
  option('cluster.inFlight', {
    kind: 'duration',
    default: '2s',
    shortest: '100ms',
    longest: '30s',
    doc: {
      en: 'How long an allowed change counts before the watch shows it, so that two requests at once cannot both pass.',
      ja: '許可した変更を、watch に現れるまで有効とみなす時間。同時の 2 要求が両方通るのを防ぐ。',
    },
  }),
  option('cluster.pageSize', {
    kind: 'count',
    default: 500,
    least: 1,
    most: 10_000,
    doc: { en: 'Objects of one page of a list.', ja: '一覧を取得するときの 1 ページの件数。' },
  }),
  option('audit.enabled', {
    kind: 'boolean',
    default: true,
    doc: {
      en: 'Whether violations that stand in the cluster are reported, as Events and as a metric.',
      ja: 'クラスターに残る違反を Event とメトリクスで知らせるか。',
    },
  }),
  option('audit.interval', {
    kind: 'duration',
    // Changes are looked at as they come; this one finds what time alone brings about.
    default: '1m',
    shortest: '100ms',
    longest: '1h',
    doc: {
      en: 'Time between two looks at everything in the cache; a change is looked at within seconds. The API server is not asked for either.',
      ja: 'キャッシュ全体を見直す間隔。変更は数秒以内に確かめる。どちらも API サーバーには問い合わせない。',
    },
  }),
  option('funade.url', {
    kind: 'serverUrl',
    example: 'https://funade.example.com',
    doc: {
      en: 'Funade server that knows which images were released.',
      ja: 'リリース済みイメージを知る Funade サーバー。',
    },
  }),
  option('funade.token', {
    kind: 'secret',
    example: '${FUNADE_TOKEN}',
    tooShort: 'guardTokenShort',
    doc: { en: 'Token for that server.', ja: 'そのサーバーへのトークン。' },
  }),
  option('webhook.replicas', {
    kind: 'count',
    least: 1,
    most: 100,
    profiles: { development: 1, staging: 2, production: 3 },
    doc: {
      en: 'Pods of the guard that the manifests ask for; `funade guard doctor` compares the cluster with this and the next two.',
      ja: 'マニフェストが求めるガードの Pod 数。`funade guard doctor` はこれと次の 2 つをクラスターと比べる。',
    },
  }),
  option('webhook.failurePolicy', {
    kind: 'choice',
    choices: ['Ignore', 'Fail'],
    profiles: { development: 'Ignore', staging: 'Ignore', production: 'Fail' },
    doc: {
      en: 'What the API server does with requests when no guard answers.',
      ja: 'ガードが応答しないときの API サーバーの動作。',
    },
  }),
  option('webhook.timeoutSeconds', {
    kind: 'count',
    default: 5,
    least: 1,
    most: 30,
    doc: {
      en: 'Seconds that the API server waits for an answer; `server.deadline` may not be longer.',
      ja: 'API サーバーが応答を待つ秒数。`server.deadline` はこれを超えられない。',
    },
  }),
] as const;
