/**
 * Reason codes of deliveries, tasks and hooks in full sentences, for the terminal and the dashboard. It imports nothing but
 * other texts, so that the dashboard can take it without the schemas.
 */
import { type Sentence, taskReasons } from './task-reasons.ts';

/** Why a delivery was ignored or rejected. */
const delivery = {
  event_not_handled: {
    en: 'Funade does nothing with events of this kind.',
    ja: 'この種類のイベントは Funade の対象外です。',
  },
  action_not_handled: {
    en: 'Funade does nothing with this action of the event.',
    ja: 'このイベントのこの操作は Funade の対象外です。',
  },
  missing_action: {
    en: 'The payload names no action, as with the test button of a hook.',
    ja: 'ペイロードに操作の種類がありません(フックのテストボタンなど)。',
  },
  payload_mismatch: {
    en: 'The payload does not have the shape of the event that its header names.',
    ja: 'ペイロードの形が、ヘッダーの示すイベントと一致しません。',
  },
  unsupported_ref: {
    en: 'The ref is neither a branch nor a tag.',
    ja: 'この ref はブランチでもタグでもありません。',
  },
  invalid_ref: {
    en: 'The name of the branch or tag is not one that git allows.',
    ja: 'ブランチまたはタグの名前が git の規則に合いません。',
  },
  not_a_tag: {
    en: 'Something else than a tag was created; a new branch is told by its push.',
    ja: '作成されたのはタグではありません。新しいブランチはプッシュで通知されます。',
  },
  release_not_published: {
    en: 'The release of the forge is not published (a draft, or an edit).',
    ja: 'フォージのリリースが公開されていません(下書き、または編集)。',
  },
  confidential_subject: {
    en: 'Confidential issues and work items are left alone.',
    ja: '非公開のイシューと作業アイテムは扱いません。',
  },
  label_removed: {
    en: 'A label was taken off; only one that is put on starts a task.',
    ja: 'ラベルが外されました。タスクが始まるのはラベルが付けられたときだけです。',
  },
  label_not_added: {
    en: 'No label was put on; one that was there before starts nothing.',
    ja: '新しく付けられたラベルがありません。以前からあるラベルでは何も始まりません。',
  },
  system_note: {
    en: 'The comment is a note of the forge itself, not of a person.',
    ja: '人のコメントではなく、フォージ自身の記録です。',
  },
  ref_deleted: {
    en: 'The branch or tag was deleted, so there is nothing to release.',
    ja: 'ブランチまたはタグが削除されたため、リリースするものがありません。',
  },
  unknown_repository: {
    en: 'No application comes from this repository, and no source lists it.',
    ja: 'このリポジトリから作られるアプリケーションはなく、どのソースにも登録されていません。',
  },
  other_host: {
    en: 'An application of this name comes from another host than this source. For a forge of your own set GITHUB_API_URL or GITLAB_API_URL; a hook of an added source has to belong to that source’s host.',
    ja: 'この名前のアプリケーションは、このソースとは別のホストから来ています。自分のフォージの場合は GITHUB_API_URL か GITLAB_API_URL を設定してください。追加したソースのフックは、そのソースのホストのものである必要があります。',
  },
  ref_not_matched: {
    en: 'No application is released from this branch or tag.',
    ja: 'このブランチまたはタグからリリースするアプリケーションはありません。',
  },
  tag_has_run: {
    en: 'There already is a run for this tag.',
    ja: 'このタグの実行はすでにあります。',
  },
  not_target_label: {
    en: 'The label is not the one that hands an issue or change to the agent.',
    ja: 'エージェントに渡すためのラベルではありません。',
  },
  subject_closed: {
    en: 'The issue or change is closed.',
    ja: 'イシューまたは変更はクローズされています。',
  },
  task_alive: {
    en: 'A task for this issue or change has not ended yet; there is never a second.',
    ja: 'このイシューまたは変更のタスクがまだ終わっていません。2 つ目は作りません。',
  },
  too_many_tasks: {
    en: 'This issue or change was handed over too often within an hour; it was stopped in case it is a loop.',
    ja: 'このイシューまたは変更は 1 時間に何度も渡されました。ループの恐れがあるため止めました。',
  },
  already_handled: {
    en: 'The same was told before, and handled then.',
    ja: '同じ内容がすでに届き、処理されています。',
  },
  push_overtaken: {
    en: 'Polling had seen the branch or tag further on before this arrived; where it points now is released already, or found by the next poll.',
    ja: 'これが届く前に、ポーリングがブランチまたはタグの先の状態を確認していました。現在の位置はリリース済みか、次のポーリングで見つかります。',
  },
  task_cancelled: {
    en: 'A task that had not begun was cancelled because of it.',
    ja: 'これにより、開始前のタスクを取り消しました。',
  },
  task_told: {
    en: 'The task of this issue or change was told of it, and looks.',
    ja: 'このイシューまたは変更のタスクに知らせました。タスクが確認します。',
  },
  nothing_to_do: {
    en: 'No task or release waits for it, so there was nothing to do.',
    ja: 'これを待つタスクやリリースがないため、することがありませんでした。',
  },
  admission_failed: {
    en: "Funade met a fault of its own; the server's log tells which. Replay the delivery after the repair.",
    ja: 'Funade 自体の不具合です。詳細はサーバーのログにあります。修正後に再処理してください。',
  },
} as const satisfies Readonly<Record<string, Sentence>>;

/** Settings of a hook that will hurt, as its ping or the API shows them. */
const hook = {
  missing_event: {
    en: 'The hook does not send all events that Funade needs.',
    ja: 'Funade に必要なイベントの一部を、フックが送信しません。',
  },
  form_content_type: {
    en: 'The hook sends forms: set its content type to application/json.',
    ja: 'フックがフォーム形式で送信します。Content type を application/json にしてください。',
  },
  tls_verification_off: {
    en: 'The hook does not check the TLS certificate: turn its SSL verification on.',
    ja: 'フックが TLS 証明書を検証しません。SSL 検証を有効にしてください。',
  },
  hook_inactive: {
    en: 'The hook is switched off.',
    ja: 'フックが無効です。',
  },
  last_status: {
    en: 'The last answer that the forge got for the hook was {value}.',
    ja: 'フォージがフックの送信で最後に受けた応答は {value} です。',
  },
  alert_status: {
    en: 'The forge has stopped sending to the hook ({value}), because deliveries failed.',
    ja: '配送の失敗により、フォージがフックへの送信を止めています({value})。',
  },
  disabled_until: {
    en: 'The forge sends nothing to the hook until {value}.',
    ja: '{value} まで、フォージはフックに何も送信しません。',
  },
} as const satisfies Readonly<Record<string, Sentence>>;

/** What is wrong with a source itself. */
const source = {
  plain_http: {
    en: 'The address of its API is http: whoever is on the way can read the token.',
    ja: 'API のアドレスが http のため、経路上でトークンを読み取られる恐れがあります。',
  },
  secret_unreadable: {
    en: 'The stored secret {value} can’t be decrypted: remove it and add another.',
    ja: '保存されたシークレット {value} を復号できません。削除して、別のものを追加してください。',
  },
  token_unreadable: {
    en: 'The stored token can’t be decrypted: add it again.',
    ja: '保存されたトークンを復号できません。もう一度追加してください。',
  },
  row_unreadable: {
    en: 'What is stored about the source is faulty; what was known before stays in use.',
    ja: 'ソースの保存内容に誤りがあります。以前の内容を使い続けています。',
  },
} as const satisfies Readonly<Record<string, Sentence>>;

/** Why a request could not be verified. */
const verification = {
  no_secret: {
    en: 'The source has no secret to check it with.',
    ja: '検証に使うシークレットがソースにありません。',
  },
  signature_missing: {
    en: 'It came without a signature or token: give the hook the secret.',
    ja: '署名またはトークンがありません。フックにシークレットを設定してください。',
  },
  signature_malformed: {
    en: 'Its signature does not have the form of one.',
    ja: '署名の形式が正しくありません。',
  },
  signature_outdated: {
    en: 'Its signature is too old, or the clocks differ.',
    ja: '署名が古すぎるか、時計がずれています。',
  },
  signature_mismatch: {
    en: 'Its signature or token fits no secret of the source: the hook has another one.',
    ja: '署名またはトークンが、ソースのどのシークレットとも一致しません。フックの設定が異なります。',
  },
  address_not_allowed: {
    en: 'It came from an address that GitHub does not deliver from.',
    ja: 'GitHub が配送に使わないアドレスから届きました。',
  },
  addresses_unknown: {
    en: 'The API does not tell from where GitHub delivers, so all is refused: make `apiUrl` reachable, or turn `webhook.githubAddressesOnly` off.',
    ja: 'GitHub の配送元アドレスを API から得られないため、すべて拒否しています。`apiUrl` に接続できるようにするか、`webhook.githubAddressesOnly` を無効にしてください。',
  },
} as const satisfies Readonly<Record<string, Sentence>>;

/** The sentences by what they are about: the same code means different things for a delivery and a task. */
export const reasonTexts = { delivery, task: taskReasons, hook, source, verification } as const;
export type ReasonAbout = keyof typeof reasonTexts;

/** The sentence of a code, which may have a value for it (`last_status=500`); an unknown code is answered as it is. */
export function reasonText(about: ReasonAbout, code: string, language: keyof Sentence): string {
  const sentences: Readonly<Record<string, Sentence>> = reasonTexts[about];
  const end = code.indexOf('=');
  const name = end < 0 ? code : code.slice(0, end);
  const sentence = Object.hasOwn(sentences, name) ? sentences[name]?.[language] : undefined;
  if (sentence === undefined || sentence.includes('{value}') !== end > 0) return code;
  return sentence.replace('{value}', () => code.slice(end + 1));
}

/** The sentences of a delivery's reason. Those of a ping are warnings about its hook, several joined by commas. */
export function deliveryReasonTexts(
  told: { readonly outcome: string; readonly reason: string | null },
  language: keyof Sentence,
): readonly string[] {
  if (told.reason === null || told.reason === '') return [];
  if (told.outcome !== 'pong') return [reasonText('delivery', told.reason, language)];
  return told.reason.split(',').map((code) => reasonText('hook', code, language));
}
