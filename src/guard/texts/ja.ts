import type { TextKey } from './index.ts';

export const ja: Readonly<Record<TextKey, string>> = {
  deploymentLow:
    'HorizontalPodAutoscaler "{hpa}" (minReplicas {min}) の対象である Deployment "{deployment}" のレプリカが 1 です。対処: spec.replicas を 2 以上にするか、稼働後は削除して HPA に任せてください。あわせて HorizontalPodAutoscaler "{hpa}" の minReplicas を 2 に上げるか、HPA を削除してください。',
  deploymentHigh:
    'HorizontalPodAutoscaler "{hpa}" (minReplicas {min}) の対象である Deployment "{deployment}" のレプリカが 1 です。対処: spec.replicas を 2 以上にするか、稼働後は削除して HPA に任せてください。または HorizontalPodAutoscaler "{hpa}" を削除してください。',
  hpaLow:
    'HorizontalPodAutoscaler "{hpa}" (minReplicas {min}) の対象 Deployment "{deployment}" のレプリカが 1 です。対処: 先に Deployment の spec.replicas を 2 以上にしてください。あわせて HorizontalPodAutoscaler "{hpa}" の minReplicas を 2 に上げるか、HPA を削除してください。',
  hpaHigh:
    'HorizontalPodAutoscaler "{hpa}" (minReplicas {min}) の対象 Deployment "{deployment}" のレプリカが 1 です。対処: 先に Deployment の spec.replicas を 2 以上にするか、HPA を削除してください。',
  healedByHpa:
    'Deployment "{deployment}" のレプリカは 1 ですが、HorizontalPodAutoscaler "{hpa}" が数秒で {min} に上げます。対処: HPA に数を任せる場合は不要です。それ以外では spec.replicas を {min} 以上にしてください。',
  pausedUnderHpa:
    'Deployment "{deployment}" は停止中(レプリカ 0)です。レプリカがあるまで HorizontalPodAutoscaler "{hpa}" は動きません。対処: 再開するには spec.replicas を 2 以上にしてください。',

  hpaAllowsSingleReplica:
    'HorizontalPodAutoscaler "{hpa}" (minReplicas {min}) は Deployment "{deployment}" を 2 レプリカ未満に下げることがあります。対処: spec.minReplicas を 2 以上にしてください。',

  duplicateHpa:
    'HorizontalPodAutoscaler "{hpa}" の対象 {kind} "{target}" は、すでに HorizontalPodAutoscaler "{other}" の対象です。互いの変更を打ち消し合います。対処: どちらか 1 つだけを残してください。',

  imageWithoutDigest:
    '{kind} "{name}" のコンテナ "{container}" のイメージ "{image}" にダイジェストがなく、実行内容が変わる可能性があります。対処: @sha256:… 付きでイメージを指定してください。',
  imageMissing:
    '{kind} "{name}" のコンテナ "{container}" にイメージがありません。対処: image を @sha256:… 付きで指定してください。',
  imageNotReleased:
    '{kind} "{name}" のコンテナ "{container}" のイメージ "{image}" は Funade でリリースされていません。対処: リリースを通してデプロイするか、リリース済みのイメージを使ってください。',
  imageNotTraceable:
    '{kind} "{name}" のコンテナ "{container}" のイメージ "{image}" にダイジェストがなく、Funade のリリースを確認できません。対処: リリースに表示されているダイジェストを使ってください。',
  resourceMissing:
    '{kind} "{name}" のコンテナ "{container}" に resources.{resource} がありません。対処: resources.{resource} を設定してください。',
  privileged:
    '{kind} "{name}" のコンテナ "{container}" は特権コンテナです。対処: securityContext.privileged を削除し、必要なケーパビリティだけを追加してください。',
  dangerousCapability:
    '{kind} "{name}" のコンテナ "{container}" が追加するケーパビリティ {capability} は、ノードを操作できる権限です。対処: securityContext.capabilities.add から削除してください。',
  rootContainer:
    '{kind} "{name}" のコンテナ "{container}" は root で動く可能性があります。対処: securityContext.runAsNonRoot を true にするか、runAsUser を 1 以上にしてください。',
  readinessProbeMissing:
    '{kind} "{name}" のコンテナ "{container}" に readinessProbe がなく、応答できる前に通信が届きます。対処: readinessProbe を追加してください。',

  budgetAllowsNone:
    'PodDisruptionBudget "{name}" は Pod の退避を一切認めません({field} {value})。ノードをドレインできません。対処: maxUnavailable を 1 以上にするか、minAvailable をレプリカ数より小さくしてください。',
  budgetNeedsAll:
    'PodDisruptionBudget "{name}" は {deployments} の {replicas} レプリカのうち {value} を常に求めるため、ノードをドレインできません。対処: minAvailable を下げるか、レプリカを増やしてください。',
  budgetUnreadable:
    'PodDisruptionBudget "{name}" の {field} は {value} ですが、整数でも 100% 以下の割合でもありません。対処: 1 や "50%" のように書いてください。',
  budgetBothFields:
    'PodDisruptionBudget "{name}" に minAvailable と maxUnavailable の両方がありますが、有効なのは一方だけです。対処: どちらか一方を削除してください。',

  labelled: '{policy}: {text}',
  severalDenied: '違反が {count} 件あります:',
  moreViolations: '… ほか {count} 件',
  existing: '以前からの違反のため、拒否していません: {text}',
  warned: '拒否していません(ポリシーのモードは warn): {text}',
  nameless: '(名前は自動生成)',
  bypassed: 'ガードの規則を適用していません: {reason}',
  bypassWithoutReason:
    'アノテーション guard.funade.dev/bypass は無視しました。理由がありません。対処: 値に理由を書くか、アノテーションを削除してください。',
  bypassIgnored:
    'アノテーション guard.funade.dev/bypass は無視しました。使用できるグループに所属していません。クラスターの運用者に相談してください。',

  uncertainDenied: '現在、ガードはこの変更を確認できません({why})。対処: {seconds} 秒後に再試行してください。',
  uncertainAllowed: '確認せずに許可しました({why})。問題があれば監査が報告します。',
  whyForbidden: 'ガードの権限が不足しています。クラスターの運用者がガードのログで確認できます',
  whyTimeout: 'API サーバーの応答が間に合いませんでした',
  whyUnreachable: 'API サーバーに接続できませんでした',
  whyServerError: 'API サーバーがエラーを返しました',
  whyNotSynced: 'ガードは起動直後で、まだクラスターの状態を把握していません',
  whyInternal: 'ガード自身にエラーが起きました。クラスターの運用者がガードのログで確認できます',
  whyLedger: 'リリース済みのイメージを Funade に問い合わせられませんでした',

  invalid: '{kind} "{name}" を読み取れません: {faults}',
  faultAt: '{path}: {text}',
  faultMissing: '指定がありません',
  faultWholeNumber: '0 から 2147483647 までの整数が必要ですが、{received} です',
  faultObject: 'オブジェクトが必要ですが、{received} です',
  faultText: '空でない文字列が必要ですが、{received} です',
  faultTooLong: '253 文字以内にしてください',
  faultTooManyContainers: '1000 個以内にしてください',
  faultNumberOrPercent: '数値か割合が必要ですが、{received} です',
};
