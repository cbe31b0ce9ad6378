import type { ServerOption } from '../option.ts';

/** Functions, and what they may know. */
export const functionsOptions = [
  {
    name: 'functions.untrusted',
    kind: 'choice',
    env: 'FUNADE_FUNCTIONS_UNTRUSTED',
    flags: [],
    default: 'refuse',
    choices: ['refuse', 'allow'],
    inFile: true,
    doc: {
      en: 'Code that did not come through a pipeline, where isolation is missing: refuse or allow.',
      ja: '隔離できない環境での、パイプラインを通っていないコードの扱い。refuse(拒否)か allow(許可)。',
    },
  },
  {
    name: 'functions.url',
    kind: 'serverUrl',
    env: 'FUNADE_FUNCTIONS_URL',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'Address under which this process reaches functions (`verify`); without it its own.',
      ja: 'このプロセスから関数に到達するアドレス(`verify` 用)。省略時は自身のアドレス。',
    },
  },
  {
    name: 'functions.jwt.issuer',
    kind: 'text',
    env: 'FUNADE_FUNCTIONS_JWT_ISSUER',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'Issuer (`iss`) whose JSON Web Tokens may call functions; needs `functions.jwt.secret` or `functions.jwt.publicKey`.',
      ja: '関数を呼べる JSON Web Token の発行者(`iss`)。`functions.jwt.secret` か `functions.jwt.publicKey` が必要。',
    },
  },
  {
    name: 'functions.jwt.audience',
    kind: 'text',
    env: 'FUNADE_FUNCTIONS_JWT_AUDIENCE',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'Audience (`aud`) that those tokens have to name; without it any.',
      ja: 'トークンに必要な対象者(`aud`)。省略時は問わない。',
    },
  },
  {
    name: 'functions.jwt.secret',
    kind: 'secret',
    env: 'FUNADE_FUNCTIONS_JWT_SECRET',
    flags: [],
    default: null,
    minimum: 32,
    inFile: true,
    doc: {
      en: 'Secret that they are signed with (HS256), at least 32 characters.',
      ja: 'トークンの署名に使う共有の秘密(HS256)。32 文字以上。',
    },
  },
  {
    name: 'functions.jwt.publicKey',
    kind: 'publicKey',
    env: 'FUNADE_FUNCTIONS_JWT_PUBLIC_KEY',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'RSA public key that they are verified with (RS256): PEM, or the path of a PEM file.',
      ja: 'トークンの検証に使う RSA 公開鍵(RS256)。PEM、または PEM ファイルのパス。',
    },
  },
  {
    name: 'functions.limits.executePerMinute',
    kind: 'count',
    env: 'FUNADE_FUNCTIONS_LIMITS_EXECUTE_PER_MINUTE',
    flags: [],
    default: 100,
    inFile: true,
    doc: {
      en: 'Function calls that one token may make in a minute; 0 does not limit them.',
      ja: '1 つのトークンが 1 分間に行える関数呼び出しの数。0 で無制限。',
    },
  },
  {
    name: 'functions.limits.readPerMinute',
    kind: 'count',
    env: 'FUNADE_FUNCTIONS_LIMITS_READ_PER_MINUTE',
    flags: [],
    default: 60,
    inFile: true,
    doc: {
      en: 'Times that one token may look at functions in a minute; 0 does not limit them.',
      ja: '1 つのトークンが 1 分間に関数を参照できる回数。0 で無制限。',
    },
  },
  {
    name: 'secrets.key',
    kind: 'key',
    env: 'FUNADE_SECRETS_KEY',
    flags: [],
    default: null,
    inFile: true,
    doc: {
      en: 'Key that secrets of applications are encrypted with: 32 bytes, base64 or hexadecimal. Without it one is made in the data directory. All processes on one database need the same.',
      ja: 'アプリケーションの秘密情報を暗号化する鍵。32 バイト(base64 または 16 進)。省略時はデータディレクトリに作成。同じデータベースを使う全プロセスで同一にする。',
    },
  },
] as const satisfies readonly ServerOption[];
