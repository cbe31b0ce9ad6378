import type { ServerOption } from '../option.ts';

/** What commands need to reach a server. */
export const cliOptions = [
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
