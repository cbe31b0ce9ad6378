import { option } from '../option.ts';

/** The two ports, their limits and their end. */
export const serverOptions = [
  option('server.host', {
    kind: 'host',
    flags: ['--host'],
    default: '0.0.0.0',
    doc: { en: 'Address to listen on, for both ports.', ja: '待ち受けアドレス(両方のポート)。' },
  }),
  option('server.port', {
    kind: 'port',
    flags: ['--port'],
    default: 8443,
    doc: {
      en: 'Port of admission, over TLS; 0 lets the system choose.',
      ja: 'アドミッションのポート(TLS)。0 でシステムが選択。',
    },
  }),
  option('server.healthPort', {
    kind: 'port',
    default: 8080,
    doc: {
      en: 'Port of health and metrics, without TLS; 0 lets the system choose.',
      ja: 'ヘルスチェックとメトリクスのポート(平文)。0 でシステムが選択。',
    },
  }),
  option('server.certificates', {
    kind: 'path',
    default: '/etc/funade-guard/tls',
    doc: {
      en: 'Directory of `tls.crt` and `tls.key`, as a mounted Secret; a change is taken up without a restart.',
      ja: '`tls.crt` と `tls.key` のディレクトリー(マウントした Secret)。変更は再起動なしで反映。',
    },
  }),
  option('server.bodyLimit', {
    kind: 'size',
    default: '3MiB',
    least: 64 * 1024,
    most: 64 * 1024 ** 2,
    doc: { en: 'Largest request; a larger one is a 413.', ja: '要求の最大の大きさ。超えると 413。' },
  }),
  option('server.maxConnections', {
    kind: 'count',
    least: 1,
    most: 65_535,
    profiles: { development: 256, staging: 512, production: 1024 },
    doc: {
      en: 'Connections that are open at once; an API server opens one for each request that it has under way.',
      ja: '同時に開く接続の数。API サーバーは処理中の要求ごとに 1 つ開く。',
    },
  }),
  option('server.headersTimeout', {
    kind: 'duration',
    default: '5s',
    shortest: '100ms',
    longest: '1m',
    doc: { en: 'Time for the headers of a request to arrive.', ja: '要求のヘッダーが届くまでの制限時間。' },
  }),
  option('server.requestTimeout', {
    kind: 'duration',
    shortest: '100ms',
    longest: '5m',
    profiles: { development: '30s', staging: '10s', production: '10s' },
    doc: {
      en: 'Time for a whole request to arrive, headers included.',
      ja: '要求全体(ヘッダーを含む)が届くまでの制限時間。',
    },
  }),
  option('server.deadline', {
    kind: 'duration',
    default: '5s',
    // The answer is given 300 ms before the deadline, so that it arrives before the caller gives up.
    shortest: '301ms',
    longest: '30s',
    doc: {
      en: 'Time that a decision may take, less 300 ms for its way back; a request may ask for less with `?timeout=`.',
      ja: '判断にかけてよい時間。うち 300 ms は返信のために残す。要求の `?timeout=` が短ければそちらに従う。',
    },
  }),
  option('server.endpointDelay', {
    kind: 'duration',
    shortest: '0s',
    longest: '5m',
    profiles: { development: '1s', staging: '5s', production: '5s' },
    doc: {
      en: 'How long it serves on after SIGTERM, until no endpoint names this process any more.',
      ja: 'SIGTERM の後も応答を続ける時間(エンドポイントから外れるまで)。',
    },
  }),
  option('server.grace', {
    kind: 'duration',
    longest: '10m',
    profiles: { development: '10s', staging: '25s', production: '25s' },
    doc: {
      en: 'Time from SIGTERM to the end at the latest; has to lie below `terminationGracePeriodSeconds` of the pod.',
      ja: 'SIGTERM から終了までの最長時間。Pod の `terminationGracePeriodSeconds` より短くする。',
    },
  }),
] as const;
