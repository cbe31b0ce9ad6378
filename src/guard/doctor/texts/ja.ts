/** `funade guard doctor` の日本語テキスト。キーとプレースホルダーは `en.ts` と同じ。 */
export const ja = {
  'name.cluster': 'クラスター',
  'name.webhook': 'webhook',
  'name.service': 'Service',
  'name.endpoints': 'エンドポイント',
  'name.ca': 'CA バンドル',
  'name.injection': 'CA の注入',
  'name.certificate': '証明書',
  'name.names': 'DNS 名',
  'name.expiry': '有効期間',
  'name.key': '秘密鍵',
  'name.policy': '失敗時の扱い',
  'name.timeout': 'タイムアウト',
  'name.selector': '名前空間',
  'name.replicas': 'レプリカ',
  'name.budget': '退避の制限',
  'name.access': '権限',
  'name.events': 'Event',

  'cluster.noKubectl': 'kubectl を起動できません: {detail}。',
  'cluster.noKubectl.fix':
    'kubectl をインストールするか PATH に加えてください。`--explain "<エラー文>"` は kubectl なしで使えます。',
  'cluster.silent': 'API サーバーが応答しません: {detail}',
  'cluster.silent.fix':
    '同じ --context と --kubeconfig で `kubectl version` を確かめてください。`--explain "<エラー文>"` はクラスターなしで使えます。',
  'cluster.noContext': 'kubectl はこのコンテキストを知りません: {detail}',
  'cluster.noContext.fix':
    '`kubectl config get-contexts` にあるものを --context で指定してください。--kubeconfig も確かめてください。',
  'cluster.noKubeconfig': 'kubeconfig を使えません: {detail}',
  'cluster.noKubeconfig.fix':
    '--kubeconfig または KUBECONFIG のパスとファイルの内容を確かめてください。`kubectl config view` で kubectl から見えるものが分かります。',
  'cluster.ok': 'Kubernetes {version} が応答しています',

  'webhook.ok': '{configuration} に webhook が {count} 件',
  'webhook.none': 'ガードの ValidatingWebhookConfiguration がありません。何も判定されません。',
  'webhook.none.fix': 'マニフェストを適用してください: `kubectl apply -k deploy/guard/overlays/{profile}`。',
  'webhook.empty': '{configuration} に webhook がありません。何も判定されません。',
  'webhook.empty.fix': 'マニフェストを適用し直してください: `kubectl apply -k deploy/guard/overlays/{profile}`。',
  'webhook.unreadable': 'webhook の設定を読めません: {detail}',
  'webhook.unreadable.fix': 'validatingwebhookconfigurations を list できるアカウントで実行してください。',
  'webhook.url': '{webhook} は Service ではなく URL {url} で呼ばれます。',
  'webhook.url.fix': '意図どおりなら対応は不要です。Service、Pod、証明書は確認していません。',

  'service.ok': '{namespace}/{name} のポート {port} は {target} に届きます',
  'service.missing': 'webhook が呼ぶ Service {namespace}/{name} がありません。',
  'service.missing.fix': 'マニフェストを適用し直すか、webhook の設定の `clientConfig.service` を直してください。',
  'service.port': 'webhook は {namespace}/{name} のポート {port} を呼びますが、あるのは {ports} です。',
  'service.port.fix': '`clientConfig.service.port` を直すか、Service にそのポートを加えてください。',
  'service.target':
    '{namespace}/{name} のポート {port} は {target} に届きますが、{deployment} のコンテナーにその名前はありません({ports})。',
  'service.target.fix': 'Service の `targetPort` をコンテナーの審査用ポート(既定は 8443)にしてください。',
  'service.unreadable': 'Service {namespace}/{name} を読めません: {detail}',
  'service.unreadable.fix': 'その名前空間の services を get できるアカウントで実行してください。',
  'service.noSelector': 'Service {namespace}/{name} が選ぶ Deployment が名前空間にありません。',
  'service.noSelector.fix': 'Service の `spec.selector` をガードの Pod のラベルに合わせてください。',

  'endpoints.ok': '準備完了 {ready} 件',
  'endpoints.none':
    'Service の後ろに準備のできた Pod がありません(未準備 {notReady} 件)。API サーバーには "no endpoints available" と見えます。',
  'endpoints.none.fix':
    '`kubectl -n {namespace} get pods` とログを確かめてください。`/readyz` が 200 になるまでは、証明書がないか、最初の一覧が届いていません。',
  'endpoints.some': '準備完了 {ready} 件、未準備 {notReady} 件',
  'endpoints.some.fix': '準備のできていない Pod を確かめてください: `kubectl -n {namespace} get pods`。',
  'endpoints.unreadable': 'エンドポイントを読めません: {detail}',
  'endpoints.unreadable.fix': 'その名前空間の endpointslices を list できるアカウントで実行してください。',

  'ca.ok': '{subject}、{until} まで',
  'ca.system': 'caBundle がなく、webhook は URL で呼ばれます。証明書は公的な CA のものでなければなりません。',
  'ca.system.fix': 'そうであれば対応は不要です。違う場合は CA を `clientConfig.caBundle` に入れてください。',
  'ca.missing':
    '{webhook} の caBundle が空です。すべての呼び出しが "x509: certificate signed by unknown authority" で終わります。',
  'ca.missing.fix':
    'cert-manager に注入させるか(アノテーション `cert-manager.io/inject-ca-from: {namespace}/<証明書>`)、自分で設定してください。',
  'ca.broken': '{webhook} の caBundle を証明書として読めません: {reason}。',
  'ca.broken.fix': 'PEM の証明書を、base64 で一度だけ符号化して入れてください。',
  'ca.expired': '{webhook} の caBundle にある CA {subject} は {until} に期限切れになりました。',
  'ca.expired.fix': 'CA を更新し(`cmctl renew`)、注入し直されたことを確かめてください。',

  'injection.ok': '{source} から cert-manager が注入',
  'injection.manual':
    'アノテーション `cert-manager.io/inject-ca-from` がありません。CA を更新する人が caBundle も更新する必要があります。',
  'injection.manual.fix':
    'アノテーションに {namespace}/<証明書> を設定するか、更新を忘れない仕組みを用意してください。',
  'injection.noCertManager':
    '{source} から注入するはずですが、cert-manager がインストールされていません。Certificate という種類がありません。',
  'injection.noCertManager.fix':
    'cert-manager を CRD ごとインストールするか、caBundle を自分で設定してアノテーションを外してください。',
  'injection.noCertificate': '{source} から注入するはずですが、その Certificate がありません。',
  'injection.noCertificate.fix':
    'アノテーション `cert-manager.io/inject-ca-from` を <名前空間>/<証明書> に直してください。あるのは {known} です。',
  'injection.notReady': 'Certificate {source} の準備ができていません: {reason}',
  'injection.notReady.fix': '`kubectl -n {namespace} describe certificate {name}` と発行者を確かめてください。',
  'injection.noInjector': 'cert-manager の cainjector が動いていません。webhook の設定に CA を入れるものがありません。',
  'injection.noInjector.fix':
    '起動してください: `kubectl get deployments -A -l app.kubernetes.io/component=cainjector`。',

  'certificate.ok': '{subject}、caBundle につながります',
  'certificate.noSecret': 'Secret {namespace}/{name} がありません。ガードには証明書がなく、準備完了になりません。',
  'certificate.noSecret.fix':
    'cert-manager に発行させるか(`secretName: {name}` の Certificate)、kubernetes.io/tls 型で作ってください。',
  'certificate.unnamed': 'ガードの Pod に Secret がマウントされていません。',
  'certificate.unnamed.fix': '証明書の Secret をマウントしてください。方法は `deploy/guard` にあります。',
  'certificate.unreadable': 'Secret {namespace}/{name} を読めないため、証明書は確認していません: {detail}',
  'certificate.unreadable.fix': 'その名前空間の secrets を get できるアカウントで実行してください。',
  'certificate.empty': 'Secret {namespace}/{name} に `{key}` がありません。',
  'certificate.empty.fix': '`tls.crt` と `tls.key` を持つ kubernetes.io/tls 型でなければなりません。',
  'certificate.broken': '{namespace}/{name} の `tls.crt` を読めません: {reason}。',
  'certificate.broken.fix': '発行し直すか、PEM の証明書を入れてください。',
  'certificate.unknownAuthority':
    '証明書 {subject}(発行者 {issuer})は caBundle の CA({authority})の署名ではありません。"x509: certificate signed by unknown authority" になります。',
  'certificate.unknownAuthority.fix':
    'CA が更新されて注入されていないか、Secret が別の発行者のものです。上の CA の注入を確かめてから、証明書を発行し直してください(`cmctl renew {name}`)。',

  'names.ok': '{names}',
  'names.missing': '証明書は {names} 用で、API サーバーが呼ぶ {wanted} 用ではありません。',
  'names.missing.fix': 'Certificate の `dnsNames` に {wanted} を加えてください。',
  'names.some': '証明書に {missing} がありません。',
  'names.some.fix': 'Certificate の `dnsNames` に加えてください。ほかの呼び出し元が使うことがあります。',

  'expiry.ok': '{until} まで({days} 日)',
  'expiry.soon': '証明書は {until} に切れます。残り {days} 日です。',
  'expiry.soon.fix': '更新されているはずの時期です。`kubectl -n {namespace} describe certificate` を確かめてください。',
  'expiry.over':
    '証明書は {until} に期限切れになりました。"x509: certificate has expired or is not yet valid" になります。',
  'expiry.over.fix': '発行し直してください。ガードは再起動なしで新しい証明書に切り替えます。',
  'expiry.early': '証明書が有効になるのは {from} からです。',
  'expiry.early.fix': 'ノードと発行者の時計を確かめてください。',

  'key.ok': '証明書と一致',
  'key.other': '`tls.key` が `tls.crt` と一致しません。ガードは以前の証明書を使い続けます。',
  'key.other.fix': '両方を一度に書き込むか、cert-manager に発行し直させてください。',
  'key.broken': '`tls.key` を読めません: {reason}。',
  'key.broken.fix': 'パスフレーズのない PEM の秘密鍵を入れてください。',

  'policy.ok': '{policy}(プロファイル {profile} のとおり)',
  'policy.other': '{webhook} の failurePolicy は {policy} です。プロファイル {profile} では {wanted} です。',
  'policy.other.fix':
    'そのプロファイルの overlay を適用するか、このクラスターのプロファイルを `--profile` で指定してください。',
  'timeout.ok': '{seconds} 秒(プロファイル {profile} のとおり)',
  'timeout.other': '{webhook} は {seconds} 秒待ちます。プロファイル {profile} では {wanted} 秒です。',
  'timeout.other.fix': '`timeoutSeconds` を {wanted} にしてください。',

  'selector.ok': 'kube-system と {namespace} は対象外',
  'selector.includes':
    'webhook は {names} でも呼ばれます。failurePolicy が Fail の場合、停止した ガードが自分の復帰を妨げます。',
  'selector.includes.fix':
    '`namespaceSelector` で除外してください(キー `kubernetes.io/metadata.name`、演算子 `NotIn`)。',

  'replicas.ok': '{wanted} 件中 {available} 件が利用可能',
  'replicas.none': '{name} の {wanted} レプリカのうち、利用できるものがありません。',
  'replicas.none.fix': '`kubectl -n {namespace} describe deployment {name}` を確かめてください。',
  'replicas.some': '{name} の {wanted} レプリカのうち、利用できるのは {available} 件です。',
  'replicas.some.fix': '`kubectl -n {namespace} get pods` を確かめてください。',
  'replicas.few': '{name} のレプリカ数は {wanted} です。プロファイル {profile} では {expected} です。',
  'replicas.few.fix': 'そのプロファイルの overlay を適用してください。',
  'replicas.unknown': 'ガードの Deployment が見つかりません。',
  'replicas.unknown.fix': 'マニフェストを適用してください: `kubectl apply -k deploy/guard/overlays/{profile}`。',
  'budget.ok': '{name}',
  'budget.missing': 'Pod を守る PodDisruptionBudget がありません。ノードの drain で全部が一度に止まることがあります。',
  'budget.missing.fix': '`deploy/guard` のもの(`maxUnavailable: 1`)を適用してください。',

  'access.ok': '{account} に必要な {count} 件の権限がすべてあります',
  'access.missing': '{account} に次の権限がありません: {missing}。',
  'access.missing.fix':
    '`deploy/guard` の ClusterRole と ClusterRoleBinding を適用し、誰に結び付いているか確かめてください。',
  'access.unknown': '{account} の権限を問い合わせられません: {detail}',
  'access.unknown.fix': 'subjectaccessreviews を create できるアカウントで実行してください。',

  'events.ok': 'webhook の呼び出し失敗は記録されていません',
  'events.trouble': '"{message}" – {cause}',

  'explain.x509Unknown':
    'API サーバーが証明書を信頼していません。`caBundle` の CA による署名ではありません。caBundle が空か古いか、証明書が別の発行者のものです。',
  'explain.x509Unknown.fix':
    'ValidatingWebhookConfiguration の `cert-manager.io/inject-ca-from` と cainjector が動いていることを確かめ、証明書を更新してください。どれが原因かは `funade guard doctor` で分かります。',
  'explain.x509Name': '証明書は {names} 用ですが、API サーバーは {wanted} を呼びます。',
  'explain.x509Name.fix':
    'Certificate の `dnsNames` に {wanted} を加えてください。必要なのは `<service>.<namespace>.svc` です。',
  'explain.x509NoNames': '証明書に DNS 名(subjectAltName)がありません。コモンネームはもう使われません。',
  'explain.x509NoNames.fix': '`<service>.<namespace>.svc` を含む `dnsNames` を付けて発行してください。',
  'explain.x509Expired': '証明書または `caBundle` の CA が期限切れか、まだ有効ではありません。',
  'explain.x509Expired.fix': '更新し(`cmctl renew`)、時計と、cert-manager が更新しなかった理由を確かめてください。',
  'explain.notTls': 'TLS なしで応答しています。Service がヘルス用のポートか、別のプログラムに届いています。',
  'explain.notTls.fix': 'Service の `targetPort` を審査用のポート(既定は 8443)にしてください。',
  'explain.tlsRefused': 'TLS の接続が拒まれました。間にプロキシや別のプログラムがあるか、TLS が 1.2 より古いためです。',
  'explain.tlsRefused.fix':
    'Service、NetworkPolicy、サービスメッシュを確かめてください(サイドカーはポート 8443 に触れない設定が必要です)。',
  'explain.noEndpoints': 'Service {service} の後ろに準備のできた Pod がありません。',
  'explain.noEndpoints.fix':
    'ガードの Pod と `/readyz` を確かめてください。証明書や最初の一覧がない間は準備完了になりません。',
  'explain.noService': 'webhook の設定にある Service {service} がありません。',
  'explain.noService.fix':
    'マニフェストを適用してください。ガードを削除した場合は ValidatingWebhookConfiguration も削除してください(本来は先に削除します)。',
  'explain.refused': 'そのアドレスで待ち受けているものがありません。Pod がないか起動中か、ポートが違います。',
  'explain.refused.fix':
    'Pod と Service の `targetPort` を確かめてください。再起動の直後なら、もう一度試してください。',
  'explain.unreachable':
    'API サーバーから Pod に届きません。NetworkPolicy か、コントロールプレーンとノードの間のファイアウォールがポート 8443 を止めています。',
  'explain.unreachable.fix':
    'コントロールプレーンから審査用のポートへの通信を許可してください。クラウドのプライベートクラスターでは専用のファイアウォール規則が必要です。',
  'explain.reset': '接続が途中で切れました。Pod が止まったか、プロキシが切断しました。',
  'explain.reset.fix':
    'もう一度試してください。続く場合は Pod の再起動(メモリーの上限など)と間のプロキシを確かめてください。',
  'explain.dns': 'webhook の名前を解決できません。',
  'explain.dns.fix':
    '`clientConfig.url` では API サーバー自身の DNS が使われます。Service には `clientConfig.service` を使ってください。',
  'explain.deadline':
    'timeoutSeconds 以内に応答がありませんでした。Pod に届かないか、Pod 自身が API サーバーを待っています。',
  'explain.deadline.fix':
    'まずポート 8443 の NetworkPolicy とファイアウォール、次にガードの応答時間(`webhook_request_duration_seconds`)と CPU の上限を確かめてください。',
  'explain.uncertain':
    'ガードは呼ばれましたが確信できませんでした。必要な情報が API サーバーから時間内に得られませんでした(`onUncertain: deny`)。',
  'explain.uncertain.fix':
    'もう一度試してください。続く場合は、足りない権限がログにないか、`guard_cache_age_seconds` とあわせて確かめてください。',
  'explain.denied':
    'ガードは正しく動いています。規則に反する変更を拒否しました。どの規則か、どう直すかは続く文にあります。',
  'explain.denied.fix':
    'オブジェクトを直してください。適用前に `funade guard test` と `funade guard lint` で同じ答えを確かめられます。',
  'explain.permission': 'アカウント {user} には {resource} の {verb} 権限がありません。',
  'explain.permission.fix': '`deploy/guard` の ClusterRole と ClusterRoleBinding を適用してください。',
  'explain.badAnswer': '応答したものはこの種類の webhook ではありません。パスかポートが違うか、別のプログラムです。',
  'explain.badAnswer.fix': '`clientConfig.service.path` を /validate に、ポートを Service のものにしてください。',
  'explain.tooLarge': '審査の要求が ガードの読める大きさ(既定は 3 MiB)を超えています。',
  'explain.tooLarge.fix':
    'オブジェクトを小さくするか(古い `last-applied-configuration`、managedFields)、本文の上限を上げてください。',
  'explain.noCertManager': 'このクラスターには cert-manager がありません。cert-manager.io の種類が登録されていません。',
  'explain.noCertManager.fix':
    '先に cert-manager をインストールして適用し直すか、自分の証明書を使う構成を選んでください。',
  'explain.logNoCertificate': 'ガードの証明書がまだありません。ディレクトリに tls.crt か tls.key がありません。',
  'explain.logNoCertificate.fix':
    'Certificate が準備済みで Secret があるかを確かめてください(ガードの名前空間で `kubectl get certificate,secret`)。そろえばガードはすぐに使い始めます。',
  'explain.logUnreadable': 'ガードに証明書ファイルを読む権限がありません。',
  'explain.logUnreadable.fix':
    'Secret のマウントを確かめてください。`fsGroup` と `defaultMode` が Pod のユーザーに合っている必要があります。',
  'explain.logGarbage': 'tls.crt か tls.key は TLS で使える証明書や鍵ではありません。',
  'explain.logGarbage.fix': '発行し直してください(`cmctl renew`)。前の組があれば、その間はそれを使います。',
  'explain.logMismatch':
    'tls.key は tls.crt の鍵ではありません。片方だけが置き換えられたか、別々に発行されたものです。',
  'explain.logMismatch.fix': '両方を同時に置き換えるか、cert-manager で発行し直してください(`cmctl renew`)。',
  'explain.logExpired': 'ガードの証明書が期限切れか、まだ有効ではありません。',
  'explain.logExpired.fix': '更新し(`cmctl renew`)、時計と、cert-manager が更新しなかった理由を確かめてください。',
  'explain.logUnreachable': 'ガードが API サーバーから時間内に応答を得られません。',
  'explain.logUnreachable.fix':
    'Pod から API サーバーへの NetworkPolicy と、API サーバーの状態(`kubectl get --raw /readyz`)を確かめてください。',
  'explain.logForbidden': 'ガードのアカウントに権限が足りません。',
  'explain.logForbidden.fix': '`deploy/guard` の ClusterRole と ClusterRoleBinding を適用してください。',
  'explain.logNotSynced': 'ガードは Deployment と HorizontalPodAutoscaler の一覧をまだすべて得ていません。',
  'explain.logNotSynced.fix':
    '起動直後なら `/readyz` を待ってください。続く場合は、権限と API サーバーへの経路を確かめてください。',
  'explain.logLedger': 'どのイメージがリリース済みかを、Funade のコントロールプレーンに問い合わせられませんでした。',
  'explain.logLedger.fix': '`funade.url`、そのトークン、コントロールプレーンへの NetworkPolicy を確かめてください。',
  'explain.logConnections': 'ガードの接続数が上限に達し、接続を断りました。',
  'explain.logConnections.fix':
    '呼び出し元を確かめてください。API サーバーだけのはずです。そうであれば上限かレプリカ数を増やしてください。',
  'explain.logHandshake': '相手が TLS ハンドシェイクを中断しました。証明書を信頼していないか、プローブです。',
  'explain.logHandshake.fix': '`caBundle` と証明書の CA を比べてください。`funade guard doctor` が確かめます。',
  'explain.logAddress': 'ガードがアドレスで待ち受けられません。ポートが使用中か、使う権限がありません。',
  'explain.logAddress.fix': '設定で別のポートを選んでください。1024 未満のポートには権限が必要です。',
  'explain.logCaller': 'ガードが受け取ったものは、API サーバーが送る形の AdmissionReview ではありません。',
  'explain.logCaller.fix':
    'webhook の設定のパス、ポート、`admissionReviewVersions` と、ほかの呼び出し元を確かめてください。',
  'explain.logSlow': '要求またはその判定が、許された時間を超えました。',
  'explain.logSlow.fix':
    'API サーバーの応答時間(`webhook_request_duration_seconds`)とガードの CPU 制限を確かめてください。',
  'explain.logDefect': 'ガードの内部で失敗が起きました。ログのエラー ID のそばにスタックがあります。',
  'explain.logDefect.fix': 'ログのその部分を添えて報告してください。要求には不確実と応答しており、再試行できます。',
  'explain.failedCalling': 'API サーバーが webhook を呼べませんでした。理由はメッセージの続きにあります。',
  'explain.failedCalling.fix': 'メッセージ全体を渡すか、クラスターに対して `funade guard doctor` を実行してください。',
  'explain.unknown': '未知の文です。',
  'explain.unknown.fix':
    'クラスターに対して `funade guard doctor` を実行してください。API サーバーから guard までのすべてを確かめます。',
} as const;
