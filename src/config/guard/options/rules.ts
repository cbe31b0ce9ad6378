import { POLICY_MODES, type PolicyMode, type PolicyName, REPLICA_MODES } from '../model.ts';
import { type GuardOption, option } from '../option.ts';

/** What is judged, and how. */
export const ruleOptions = [
  option('mode', {
    kind: 'choice',
    default: 'effective',
    choices: REPLICA_MODES,
    doc: {
      en: 'When one replica under an HPA is a violation: `seed` with any HPA; `strict` also an HPA that may go below two; `effective` only when an HPA on it may stay below two, which suits GitOps.',
      ja: 'HPA の対象が 1 レプリカであることを違反とする条件。`seed` はすべての HPA、`strict` は 2 未満になり得る HPA も、`effective` は HPA が 2 未満のままにし得る場合だけ(GitOps 向き)。',
    },
  }),
  option('existingViolations', {
    kind: 'choice',
    default: 'allow',
    choices: ['allow', 'deny'],
    doc: {
      en: 'Answer to a request on something that violated before and still does; what mends it is always allowed.',
      ja: '以前から違反していて、要求後も違反が残るものへの応答。直す要求は常に許可。',
    },
  }),
  option('keda', {
    kind: 'choice',
    default: 'warn',
    choices: ['ignore', 'warn', 'deny'],
    doc: {
      en: 'How HPAs that KEDA owns count: not at all, as warnings, or like others.',
      ja: 'KEDA が所有する HPA の扱い。対象外・警告・通常どおり。',
    },
  }),
  option('onUncertain', {
    kind: 'choice',
    choices: ['deny', 'allow'],
    profiles: { development: 'allow', staging: 'deny', production: 'deny' },
    doc: {
      en: 'Answer when something that decides could not be learnt in time: `deny` is a 503 that asks to try again, `allow` warns.',
      ja: '判断に必要なことを時間内に確かめられないときの応答。`deny` は再試行を求める 503、`allow` は警告つきの許可。',
    },
  }),
  option('retryAfterSeconds', {
    kind: 'count',
    default: 5,
    least: 1,
    most: 600,
    doc: {
      en: 'Seconds after which to try again, told with that 503.',
      ja: 'その 503 で知らせる、再試行までの秒数。',
    },
  }),
  option('exemptScalers', {
    kind: 'identities',
    default: [
      'system:serviceaccount:kube-system:horizontal-pod-autoscaler',
      // Where controllers share one identity (`--use-service-account-credentials=false`).
      'system:kube-controller-manager',
      'system:serviceaccount:keda:keda-operator',
    ],
    doc: {
      en: 'Users whose changes of `deployments/scale` are always allowed: the HPA controller and KEDA. A list replaces this one.',
      ja: '`deployments/scale` の変更を常に許可するユーザー(HPA コントローラーと KEDA)。指定するとこの一覧を置き換える。',
    },
  }),
  option('skipNamespaces', {
    kind: 'namespaces',
    default: [],
    doc: {
      en: "Namespaces that are not looked at, beside `kube-system` and the guard's own.",
      ja: '判定しない Namespace。`kube-system` とガード自身の Namespace は常に対象外。',
    },
  }),
  option('bypassGroups', {
    kind: 'identities',
    default: [],
    doc: {
      en: 'Groups whose members may set the annotation `guard.funade.dev/bypass`; every bypass is counted.',
      ja: 'アノテーション `guard.funade.dev/bypass` を使えるグループ。使用はすべて数える。',
    },
  }),
  policy('singleReplicaUnderHpa', 'deny', {
    en: 'A Deployment with one replica that an HPA targets.',
    ja: 'HPA の対象なのに 1 レプリカの Deployment。',
  }),
  policy('hpaAllowsSingleReplica', 'deny', {
    en: 'An HPA that may go below two replicas; asked in mode `strict` only.',
    ja: '2 レプリカ未満になり得る HPA。モード `strict` でだけ確かめる。',
  }),
  policy('duplicateHpa', 'off', {
    en: 'Two HPAs with the same target.',
    ja: '同じ対象を持つ複数の HPA。',
  }),
  policy('imageWithoutDigest', 'off', {
    en: 'An image that is not named by digest.',
    ja: 'ダイジェストで指定されていないイメージ。',
  }),
  policy('imageNotReleased', 'off', {
    en: 'An image that Funade did not release; needs `funade.url`.',
    ja: 'Funade がリリースしていないイメージ。`funade.url` が必要。',
  }),
  policy('resourcesMissing', 'off', {
    en: 'A container without resource requests or limits.',
    ja: 'リソースの requests や limits がないコンテナー。',
  }),
  policy('privilegedContainer', 'off', {
    en: 'A privileged container.',
    ja: '特権コンテナー。',
  }),
  policy('rootContainer', 'off', {
    en: 'A container that may run as root.',
    ja: 'root で動き得るコンテナー。',
  }),
  policy('readinessProbeMissing', 'off', {
    en: 'A container without a readiness probe.',
    ja: 'readiness probe のないコンテナー。',
  }),
  policy('disruptionBudgetNeverSatisfied', 'off', {
    en: 'A PodDisruptionBudget that no number of pods satisfies.',
    ja: '何個の Pod でも満たせない PodDisruptionBudget。',
  }),
] as const;

function policy<const Name extends PolicyName>(
  name: Name,
  mode: PolicyMode,
  doc: GuardOption['doc'],
): GuardOption & { readonly name: `policies.${Name}` } {
  return option(`policies.${name}`, { kind: 'choice', default: mode, choices: POLICY_MODES, doc });
}
