import type { ServerOption } from '../option.ts';

/** How changes come in. */
export const intakeOptions = [
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
    name: 'webhook.url',
    kind: 'serverUrl',
    env: 'FUNADE_WEBHOOK_URL',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'Address under which forges reach this server; `funade source install` needs it.',
      ja: 'フォージからこのサーバーに到達するアドレス。`funade source install` に必要。',
    },
  },
  {
    name: 'webhook.trustedProxies',
    kind: 'cidrs',
    env: 'FUNADE_TRUSTED_PROXIES',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'Addresses (CIDR) of proxies whose `X-Forwarded-For` is believed; in the environment separated by commas.',
      ja: '`X-Forwarded-For` を信用するプロキシのアドレス(CIDR)。環境変数ではコンマ区切り。',
    },
  },
  {
    name: 'webhook.githubAddressesOnly',
    kind: 'boolean',
    env: 'FUNADE_GITHUB_ADDRESSES_ONLY',
    flags: [],
    default: false,
    inFile: true,
    doc: {
      en: 'Whether deliveries of GitHub are taken only from the addresses that its API (`/meta`) names.',
      ja: 'GitHub の配送を、その API(`/meta`)が示すアドレスからだけ受け付けるか。',
    },
  },
  {
    name: 'polling.enabled',
    kind: 'boolean',
    env: 'FUNADE_POLLING_ENABLED',
    flags: [],
    default: true,
    inFile: true,
    doc: {
      en: 'Whether forges are asked for what their webhooks did not tell.',
      ja: 'webhook で届かなかった変更をフォージに問い合わせるか。',
    },
  },
  {
    name: 'polling.interval',
    kind: 'duration',
    env: 'FUNADE_POLLING_INTERVAL',
    flags: [],
    default: '5m',
    inFile: true,
    doc: {
      en: 'Time between two looks at a repository; four times as long while its webhooks arrive.',
      ja: 'リポジトリを確認する間隔。webhook が届いている間は 4 倍。',
    },
  },
] as const satisfies readonly ServerOption[];
