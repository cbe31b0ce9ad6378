/** Texts of `funade guard doctor`; `ja.ts` has the same keys and placeholders. */
export const en = {
  'name.cluster': 'cluster',
  'name.webhook': 'webhook',
  'name.service': 'service',
  'name.endpoints': 'endpoints',
  'name.ca': 'CA bundle',
  'name.injection': 'CA injection',
  'name.certificate': 'certificate',
  'name.names': 'DNS names',
  'name.expiry': 'validity',
  'name.key': 'private key',
  'name.policy': 'failure policy',
  'name.timeout': 'timeout',
  'name.selector': 'namespaces',
  'name.replicas': 'replicas',
  'name.budget': 'disruption',
  'name.access': 'permissions',
  'name.events': 'events',

  'cluster.noKubectl': "kubectl can't be started: {detail}.",
  'cluster.noKubectl.fix': 'Install kubectl, or put it on the PATH; `--explain "<error text>"` works without it.',
  'cluster.silent': 'The API server does not answer: {detail}',
  'cluster.silent.fix':
    'Check `kubectl version` with the same --context and --kubeconfig; `--explain "<error text>"` works without a cluster.',
  'cluster.noContext': 'kubectl does not know this context: {detail}',
  'cluster.noContext.fix': 'Name one of `kubectl config get-contexts` with --context; check --kubeconfig too.',
  'cluster.noKubeconfig': "The kubeconfig can't be used: {detail}",
  'cluster.noKubeconfig.fix':
    'Check the path of --kubeconfig or KUBECONFIG and what is in the file: `kubectl config view` shows what kubectl sees.',
  'cluster.ok': 'Kubernetes {version} answers',

  'webhook.ok': '{count} webhook(s) in {configuration}',
  'webhook.none': 'No ValidatingWebhookConfiguration of the guard is there: nothing is judged.',
  'webhook.none.fix': 'Apply the manifests: `kubectl apply -k deploy/guard/overlays/{profile}`.',
  'webhook.empty': '{configuration} has no webhooks in it: nothing is judged.',
  'webhook.empty.fix': 'Apply the manifests again: `kubectl apply -k deploy/guard/overlays/{profile}`.',
  'webhook.unreadable': "The webhook configurations can't be read: {detail}",
  'webhook.unreadable.fix': 'Ask with an account that may list validatingwebhookconfigurations.',
  'webhook.url': '{webhook} is called by its URL {url}, not through a Service.',
  'webhook.url.fix': 'Nothing to do if you want that; the Service, its pods and its certificate are not checked.',

  'service.ok': '{namespace}/{name} port {port} leads to {target}',
  'service.missing': 'The webhook calls the Service {namespace}/{name}, which does not exist.',
  'service.missing.fix': 'Apply the manifests again, or correct `clientConfig.service` of the webhook configuration.',
  'service.port': 'The webhook calls port {port} of {namespace}/{name}, which has {ports}.',
  'service.port.fix': 'Correct `clientConfig.service.port`, or add the port to the Service.',
  'service.target':
    'Port {port} of {namespace}/{name} leads to {target}, which no container of {deployment} names ({ports}).',
  'service.target.fix': 'Set `targetPort` of the Service to the admission port of the container (8443 by default).',
  'service.unreadable': "The Service {namespace}/{name} can't be read: {detail}",
  'service.unreadable.fix': 'Ask with an account that may get services there.',
  'service.noSelector': 'The Service {namespace}/{name} selects no Deployment of its namespace.',
  'service.noSelector.fix': 'Make `spec.selector` of the Service equal to labels of the pods of the guard.',

  'endpoints.ok': '{ready} ready',
  'endpoints.none':
    'No pod behind the Service is ready ({notReady} are not): the API server gets "no endpoints available".',
  'endpoints.none.fix':
    'Look at `kubectl -n {namespace} get pods` and the log; until `/readyz` is 200 a certificate is missing or the first list has not come.',
  'endpoints.some': '{ready} ready, {notReady} not ready',
  'endpoints.some.fix': 'Look at the pods that are not ready: `kubectl -n {namespace} get pods`.',
  'endpoints.unreadable': "The endpoints can't be read: {detail}",
  'endpoints.unreadable.fix': 'Ask with an account that may list endpointslices there.',

  'ca.ok': '{subject}, until {until}',
  'ca.system': 'No caBundle is set and the webhook is called by its URL: the certificate must come from a public CA.',
  'ca.system.fix': 'Nothing to do if it does; otherwise put the CA into `clientConfig.caBundle`.',
  'ca.missing':
    'The caBundle of {webhook} is empty: every call ends with "x509: certificate signed by unknown authority".',
  'ca.missing.fix':
    'Let cert-manager put it in (annotation `cert-manager.io/inject-ca-from: {namespace}/<certificate>`), or set it yourself.',
  'ca.broken': "The caBundle of {webhook} can't be read as certificates: {reason}.",
  'ca.broken.fix': 'Put PEM certificates into it, base64-encoded once.',
  'ca.expired': 'The CA {subject} in the caBundle of {webhook} expired on {until}.',
  'ca.expired.fix': 'Renew the CA (`cmctl renew`), then check that it was injected again.',

  'injection.ok': 'from {source}, by cert-manager',
  'injection.manual':
    'No annotation `cert-manager.io/inject-ca-from`: whoever renews the CA must also renew the caBundle.',
  'injection.manual.fix': 'Set the annotation to {namespace}/<certificate>, or keep a reminder.',
  'injection.noCertManager':
    '{source} should be injected, but cert-manager is not installed: its Certificates are unknown here.',
  'injection.noCertManager.fix':
    'Install cert-manager with its CRDs, or set the caBundle yourself and remove the annotation.',
  'injection.noCertificate': '{source} should be injected, but there is no such Certificate.',
  'injection.noCertificate.fix':
    'Correct the annotation `cert-manager.io/inject-ca-from` to <namespace>/<certificate>; there are: {known}.',
  'injection.notReady': 'The Certificate {source} is not ready: {reason}',
  'injection.notReady.fix': 'Look at `kubectl -n {namespace} describe certificate {name}` and at its issuer.',
  'injection.noInjector':
    'No cainjector of cert-manager is running: nobody puts the CA into the webhook configuration.',
  'injection.noInjector.fix': 'Start it: `kubectl get deployments -A -l app.kubernetes.io/component=cainjector`.',

  'certificate.ok': '{subject}, chains to the caBundle',
  'certificate.noSecret':
    'The Secret {namespace}/{name} does not exist: the guard has no certificate and stays unready.',
  'certificate.noSecret.fix':
    'Let cert-manager issue it (Certificate with `secretName: {name}`), or create it of type kubernetes.io/tls.',
  'certificate.unnamed': 'No Secret is mounted into the pods of the guard.',
  'certificate.unnamed.fix': 'Mount the Secret of the certificate; `deploy/guard` shows how.',
  'certificate.unreadable':
    "The Secret {namespace}/{name} can't be read, so that the certificate is not checked: {detail}",
  'certificate.unreadable.fix': 'Ask with an account that may get secrets there.',
  'certificate.empty': 'The Secret {namespace}/{name} has no `{key}`.',
  'certificate.empty.fix': 'It must be of type kubernetes.io/tls, with `tls.crt` and `tls.key`.',
  'certificate.broken': "`tls.crt` of {namespace}/{name} can't be read: {reason}.",
  'certificate.broken.fix': 'Let it be issued again, or put a PEM certificate into it.',
  'certificate.unknownAuthority':
    'The certificate {subject} (issued by {issuer}) was not signed by the CA in the caBundle ({authority}): "x509: certificate signed by unknown authority".',
  'certificate.unknownAuthority.fix':
    'The CA was renewed and not injected, or the Secret is from another issuer: check the injection above, then let the certificate be issued again (`cmctl renew {name}`).',

  'names.ok': '{names}',
  'names.missing': 'The certificate is valid for {names}, not for {wanted}, by which the API server calls.',
  'names.missing.fix': 'Add {wanted} to `dnsNames` of the Certificate.',
  'names.some': 'The certificate lacks {missing}.',
  'names.some.fix': 'Add them to `dnsNames` of the Certificate: other callers may use them.',

  'expiry.ok': 'until {until} ({days} days)',
  'expiry.soon': 'The certificate ends on {until}, in {days} days.',
  'expiry.soon.fix': 'It should have been renewed: look at `kubectl -n {namespace} describe certificate`.',
  'expiry.over': 'The certificate expired on {until}: "x509: certificate has expired or is not yet valid".',
  'expiry.over.fix': 'Let it be issued again; the guard takes the new one without a restart.',
  'expiry.early': 'The certificate is valid from {from} on only.',
  'expiry.early.fix': 'Check the clocks of the nodes and of the issuer.',

  'key.ok': 'fits the certificate',
  'key.other': '`tls.key` does not fit `tls.crt`: the guard keeps the certificate that it had.',
  'key.other.fix': 'Write both in one step, or let cert-manager issue them again.',
  'key.broken': "`tls.key` can't be read: {reason}.",
  'key.broken.fix': 'Put a PEM private key without a passphrase into it.',

  'policy.ok': '{policy}, as profile {profile} says',
  'policy.other': '{webhook} has failurePolicy {policy}; profile {profile} says {wanted}.',
  'policy.other.fix': 'Apply the overlay of the profile, or run the doctor with `--profile` of this cluster.',
  'timeout.ok': '{seconds} s, as profile {profile} says',
  'timeout.other': '{webhook} waits {seconds} s; profile {profile} says {wanted} s.',
  'timeout.other.fix': 'Set `timeoutSeconds` to {wanted}.',

  'selector.ok': 'kube-system and {namespace} are left out',
  'selector.includes':
    'The webhook is called for {names} too: with failurePolicy Fail a guard that is down keeps itself down.',
  'selector.includes.fix': 'Exclude them in `namespaceSelector`: key `kubernetes.io/metadata.name`, operator `NotIn`.',

  'replicas.ok': '{available} of {wanted} available',
  'replicas.none': 'None of {wanted} replicas of {name} is available.',
  'replicas.none.fix': 'Look at `kubectl -n {namespace} describe deployment {name}`.',
  'replicas.some': '{available} of {wanted} replicas of {name} are available.',
  'replicas.some.fix': 'Look at `kubectl -n {namespace} get pods`.',
  'replicas.few': '{name} wants {wanted} replicas; profile {profile} says {expected}.',
  'replicas.few.fix': 'Apply the overlay of the profile.',
  'replicas.unknown': 'No Deployment of the guard was found.',
  'replicas.unknown.fix': 'Apply the manifests: `kubectl apply -k deploy/guard/overlays/{profile}`.',
  'budget.ok': '{name}',
  'budget.missing': 'No PodDisruptionBudget covers the pods: draining nodes may take all of them at once.',
  'budget.missing.fix': 'Apply the one of `deploy/guard` (`maxUnavailable: 1`).',

  'access.ok': '{account} has all {count} permissions',
  'access.missing': '{account} may not {missing}.',
  'access.missing.fix': 'Apply the ClusterRole and ClusterRoleBinding of `deploy/guard`; see whom the binding names.',
  'access.unknown': "Whether {account} has its permissions can't be asked: {detail}",
  'access.unknown.fix': 'Ask with an account that may create subjectaccessreviews.',

  'events.ok': 'no failed call of the webhook was told',
  'events.trouble': '"{message}" – {cause}',

  'explain.x509Unknown':
    'The API server does not trust the certificate: the CA in `caBundle` did not sign it. The caBundle is empty or old, or the certificate is from another issuer.',
  'explain.x509Unknown.fix':
    'Check `cert-manager.io/inject-ca-from` of the ValidatingWebhookConfiguration and that the cainjector runs, then renew the certificate; `funade guard doctor` tells which of them it is.',
  'explain.x509Name': 'The certificate is for {names}, but the API server calls {wanted}.',
  'explain.x509Name.fix': 'Add {wanted} to `dnsNames` of the Certificate; `<service>.<namespace>.svc` is what counts.',
  'explain.x509NoNames':
    'The certificate has no DNS names in it (subjectAltName); the common name is not looked at any more.',
  'explain.x509NoNames.fix': 'Issue it with `dnsNames`, with `<service>.<namespace>.svc` among them.',
  'explain.x509Expired': 'The certificate, or the CA in `caBundle`, has expired or is not valid yet.',
  'explain.x509Expired.fix': 'Renew it (`cmctl renew`), check the clocks, and see why cert-manager did not.',
  'explain.notTls': 'Something answers without TLS: the Service leads to the health port, or to another program.',
  'explain.notTls.fix': 'Set `targetPort` of the Service to the admission port (8443 by default).',
  'explain.tlsRefused':
    'The TLS handshake was refused: a proxy or another program is between, or TLS is older than 1.2.',
  'explain.tlsRefused.fix':
    'Check the Service, NetworkPolicies and a service mesh (its sidecar must leave port 8443 alone).',
  'explain.noEndpoints': 'No pod behind the Service {service} is ready.',
  'explain.noEndpoints.fix':
    'Look at the pods of the guard and its `/readyz`: without a certificate or a first list they stay unready.',
  'explain.noService': 'The Service {service} that the webhook configuration names does not exist.',
  'explain.noService.fix':
    'Apply the manifests; when the guard was removed, delete its ValidatingWebhookConfiguration too (it must go first).',
  'explain.refused': 'Nothing listens at that address: the pod is gone or starting, or the port is wrong.',
  'explain.refused.fix': 'Check the pods and `targetPort` of the Service; right after a restart try again.',
  'explain.unreachable':
    'The API server does not reach the pods: a NetworkPolicy, or a firewall between control plane and nodes, holds port 8443.',
  'explain.unreachable.fix':
    'Allow the control plane to reach the admission port; in private clusters of clouds that is a firewall rule of its own.',
  'explain.reset': 'The connection ended in the middle: the pod stopped, or a proxy cut it.',
  'explain.reset.fix': 'Try again; when it stays, look at restarts of the pods (memory limit?) and at proxies between.',
  'explain.dns': 'The name of the webhook does not resolve.',
  'explain.dns.fix':
    'With `clientConfig.url` the API server asks its own DNS: use `clientConfig.service` for a Service.',
  'explain.deadline':
    'No answer came within timeoutSeconds: the pods are not reached, or they wait for the API server themselves.',
  'explain.deadline.fix':
    'Check NetworkPolicies and firewalls for port 8443 first, then the latency of the guard (`webhook_request_duration_seconds`) and its CPU limit.',
  'explain.uncertain':
    'The guard was asked and could not be certain: it did not get what it needs of the API server in time (`onUncertain: deny`).',
  'explain.uncertain.fix':
    'Try again; when it stays, look at its log for the missing permission and at `guard_cache_age_seconds`.',
  'explain.denied':
    'The guard works: it refused what breaks a rule. The message after it says which, and how to mend it.',
  'explain.denied.fix':
    'Mend the object; `funade guard test` and `funade guard lint` show the same answer before you apply.',
  'explain.permission': 'The account {user} may not {verb} {resource}.',
  'explain.permission.fix': 'Apply the ClusterRole and ClusterRoleBinding of `deploy/guard`.',
  'explain.badAnswer': 'What answered is no webhook of this kind: wrong path, wrong port or another program.',
  'explain.badAnswer.fix': 'Set `clientConfig.service.path` to /validate and the port to that of the Service.',
  'explain.tooLarge': 'The review is larger than the guard reads (3 MiB by default).',
  'explain.tooLarge.fix':
    'Make the object smaller (old `last-applied-configuration`, managed fields), or raise the body limit.',
  'explain.noCertManager':
    'cert-manager is not installed in this cluster: the kinds of cert-manager.io are unknown to it.',
  'explain.noCertManager.fix':
    'Install cert-manager first and apply again, or use the deployment with a certificate of your own.',
  'explain.logNoCertificate': 'The guard has no certificate yet: tls.crt or tls.key is not in its directory.',
  'explain.logNoCertificate.fix':
    'See whether the Certificate is ready and the Secret exists (`kubectl get certificate,secret` in the namespace of the guard); the guard takes it as soon as it is there.',
  'explain.logUnreadable': 'The guard may not read the files of its certificate.',
  'explain.logUnreadable.fix':
    'Check how the Secret is mounted: `fsGroup` and `defaultMode` have to fit the user of the pod.',
  'explain.logGarbage': 'tls.crt or tls.key is no certificate or key that TLS can use.',
  'explain.logGarbage.fix': 'Issue it again (`cmctl renew`); the pair before is served meanwhile when there was one.',
  'explain.logMismatch': 'tls.key is not the key of tls.crt: only one of them was replaced, or they are of two issues.',
  'explain.logMismatch.fix': 'Replace both at once, or let cert-manager issue them again (`cmctl renew`).',
  'explain.logExpired': 'The certificate of the guard has expired or is not valid yet.',
  'explain.logExpired.fix': 'Renew it (`cmctl renew`), check the clocks, and see why cert-manager did not.',
  'explain.logUnreachable': 'The guard does not get an answer of the API server in time.',
  'explain.logUnreachable.fix':
    'Check NetworkPolicies from the pods to the API server, and its health (`kubectl get --raw /readyz`).',
  'explain.logForbidden': 'The account of the guard lacks a permission.',
  'explain.logForbidden.fix': 'Apply the ClusterRole and ClusterRoleBinding of `deploy/guard`.',
  'explain.logNotSynced': 'The guard has no complete list of Deployments and HorizontalPodAutoscalers yet.',
  'explain.logNotSynced.fix':
    'Right after a start wait for `/readyz`; when it stays, check its permissions and its way to the API server.',
  'explain.logLedger': 'The guard could not ask the control plane of Funade which images were released.',
  'explain.logLedger.fix': 'Check `funade.url`, its token and NetworkPolicies to the control plane.',
  'explain.logConnections': 'The guard has as many connections as it takes, and turned one away.',
  'explain.logConnections.fix':
    'See who calls it: only the API server should; otherwise raise the limit or the replicas.',
  'explain.logHandshake': 'A client ended the TLS handshake: it does not trust the certificate, or it is a probe.',
  'explain.logHandshake.fix': 'Compare `caBundle` with the CA of the certificate: `funade guard doctor` does that.',
  'explain.logAddress': 'The guard can not listen at its address: the port is taken, or may not be used.',
  'explain.logAddress.fix': 'Choose another port in its settings; ports below 1024 need a permission.',
  'explain.logCaller': 'What the guard received is no AdmissionReview as an API server sends it.',
  'explain.logCaller.fix':
    'Check path, port and `admissionReviewVersions` of the webhook configuration, and who else calls the guard.',
  'explain.logSlow': 'The request or its decision took longer than it may.',
  'explain.logSlow.fix':
    'Check the latency of the API server (`webhook_request_duration_seconds`) and the CPU limit of the guard.',
  'explain.logDefect': 'Something in the guard failed; the log has the stack beside the error id.',
  'explain.logDefect.fix':
    'Report it with that part of the log; the request was answered as uncertain and may be tried again.',
  'explain.failedCalling': 'The API server could not ask the webhook; the rest of the message says why.',
  'explain.failedCalling.fix': 'Give the whole message, or run `funade guard doctor` against the cluster.',
  'explain.unknown': 'This text is not known.',
  'explain.unknown.fix':
    'Run `funade guard doctor` against the cluster: it looks at everything between the API server and the guard.',
} as const;
