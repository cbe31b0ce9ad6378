import type { en } from './en.ts';
import type { FaultText } from './fault-text.ts';

export const ja = {
  nowhere: {
    message:
      'API サーバーの場所がわかりません。Pod の中ではなく、kubeconfig の指定もありません。環境変数 KUBECONFIG は読みません。',
    fix: 'kubeconfig を `--kubeconfig <ファイル>` か GUARD_CLUSTER_KUBECONFIG で、またはアドレスを GUARD_CLUSTER_URL で指定してください。',
  },
  podFile: {
    message: '{file} を読めません({reason})。',
    fix: 'Pod にサービスアカウントのトークンを渡してください: `automountServiceAccountToken: true`。',
  },
  badUrl: {
    message: '{setting}: "{url}" は API サーバーのアドレスではありません。',
    fix: '`https://ホスト:ポート` の形で書いてください。',
  },
  notEncrypted: {
    message: '{setting}: {url} は暗号化されないため、資格情報を送りません。',
    fix: '`https://` で始まるアドレスにしてください。',
  },
  unreadable: {
    message: '{setting}: {file} を読めません({reason})。',
    fix: 'パスと読み取り権限を確かめてください。',
  },
  noKubeconfig: {
    message: '{setting}: {file} は kubeconfig ではありません。',
    fix: '`kubectl config view --raw --minify` で書き出してください。',
  },
  noContext: {
    message: '{setting}: {file} に current-context がありません。',
    fix: '`kubectl config use-context` で選んでください。',
  },
  noEntry: {
    message: '{setting}: {file} の {list} に "{name}" がありません。',
    fix: '`kubectl config get-contexts` と見比べてください。',
  },
  noServer: {
    message: '{setting}: {file} のクラスターに server がありません。',
    fix: '`server: https://ホスト:ポート` を加えてください。',
  },
  exec: {
    message: '{setting}: {file} のユーザーは資格情報をプログラム(exec)から得る設定ですが、ここでは実行しません。',
    fix: 'コンテキストのユーザーに `token`、`tokenFile`、クライアント証明書のいずれかを書いてください。',
  },
  authProvider: {
    message: '{setting}: {file} のユーザーに auth-provider がありますが、対応していません。',
    fix: 'コンテキストのユーザーに `token`、`tokenFile`、クライアント証明書のいずれかを書いてください。',
  },
  password: {
    message: '{setting}: {file} のユーザーに username と password がありますが、API サーバーはもう受け付けません。',
    fix: 'コンテキストのユーザーに `token`、`tokenFile`、クライアント証明書のいずれかを書いてください。',
  },
  proxy: {
    message: '{setting}: {file} のクラスターに proxy-url がありますが、対応していません。',
    fix: '直接つながるアドレスを書いてください。',
  },
  noSuchAddress: {
    message: '{setting} は "{host}" ですが、このマシンにそのアドレスはありません。',
    fix: '`server.host`(GUARD_SERVER_HOST)を `0.0.0.0` かこのマシンのアドレスにしてください。',
  },
  portNotAllowed: {
    message: '{setting} は {port} ですが、このユーザーはそこで待ち受けできません。',
    fix: '1024 以上のポートにしてください。',
  },
} as const satisfies Readonly<Record<keyof typeof en, FaultText>>;
