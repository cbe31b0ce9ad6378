import type { JsonObject } from '../review/review.ts';
import type { AccessFacts, GuardFacts, WebhookFacts } from './facts.ts';
import { numberAt, objectIn, objectsAt, textAt, textsAt } from './fields.ts';
import type { ClusterReader, Read } from './reader.ts';

export interface ReadOptions {
  /** Where the guard should be; `null`: where the webhook configuration says. */
  readonly namespace: string | null;
}

/** Name and label that the manifests give to everything of the guard. */
const GUARD = 'funade-guard';
const NAME_LABEL = 'app.kubernetes.io/name';

/** What the guard does at the API server; `deploy/guard` grants exactly this. */
const NEEDED_ACCESS = [
  ...['get', 'list', 'watch'].map((verb) => ({ verb, group: 'apps', resource: 'deployments' })),
  ...['get', 'list', 'watch'].map((verb) => ({ verb, group: 'autoscaling', resource: 'horizontalpodautoscalers' })),
  ...['create', 'patch'].map((verb) => ({ verb, group: '', resource: 'events' })),
] as const;

/** Reads what the checks judge. Each part is named by one that was read before, from the webhook configuration on. */
export async function readCluster(cluster: ClusterReader, options: ReadOptions): Promise<GuardFacts> {
  const configurations = await cluster.get('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations');
  const webhooks = webhooksIn(configurations, options.namespace);
  const place = webhooks.find(({ service }) => service !== null)?.service ?? null;
  const namespace = place?.namespace ?? options.namespace;
  const inNamespace = (group: string, rest: string): Promise<Read | null> =>
    namespace === null
      ? Promise.resolve(null)
      : cluster.get(`/${group}/namespaces/${encodeURIComponent(namespace)}/${rest}`);
  const [service, deployments, certificates, budgets, injectors, labels, events] = await Promise.all([
    place === null ? null : inNamespace('api/v1', `services/${encodeURIComponent(place.name)}`),
    inNamespace('apis/apps/v1', 'deployments'),
    readCertificates(cluster, webhooks, namespace),
    inNamespace('apis/policy/v1', 'poddisruptionbudgets'),
    cluster.get('/apis/apps/v1/deployments?labelSelector=app.kubernetes.io%2Fcomponent%3Dcainjector'),
    readLabels(cluster, namespace),
    readEvents(cluster, webhooks),
  ]);
  const deployment = deploymentBehind(service, deployments);
  const secretName = deployment === null ? null : secretOf(deployment);
  const serviceAccount =
    deployment === null ? null : (textAt(deployment, 'spec', 'template', 'spec', 'serviceAccountName') ?? 'default');
  const [secret, endpoints, access] = await Promise.all([
    secretName === null ? null : inNamespace('api/v1', `secrets/${encodeURIComponent(secretName)}`),
    place === null ? null : readEndpoints(cluster, place),
    namespace === null || serviceAccount === null ? [] : readAccess(cluster, namespace, serviceAccount),
  ]);
  return {
    webhooks,
    configurations,
    namespace,
    service,
    endpoints,
    deployment,
    secretName,
    secret,
    certificates,
    injectors,
    budgets,
    labels,
    serviceAccount,
    access,
    events,
  };
}

function webhooksIn(read: Read, namespace: string | null): readonly WebhookFacts[] {
  if (read.kind !== 'found') return [];
  const ours = objectsAt(read.value, 'items').filter(
    (item) => textAt(item, 'metadata', 'name') === GUARD || textsAt(item, 'metadata', 'labels')[NAME_LABEL] === GUARD,
  );
  const all = ours.flatMap((item) => objectsAt(item, 'webhooks').map((webhook) => webhookFacts(item, webhook)));
  return all.filter(({ service }) => namespace === null || service === null || service.namespace === namespace);
}

function webhookFacts(configuration: JsonObject, webhook: JsonObject): WebhookFacts {
  const service = objectIn(objectIn(webhook['clientConfig'])?.['service']);
  return {
    configuration: textAt(configuration, 'metadata', 'name') ?? '',
    name: textAt(webhook, 'name') ?? '',
    service:
      service === null
        ? null
        : {
            namespace: textAt(service, 'namespace') ?? '',
            name: textAt(service, 'name') ?? '',
            port: numberAt(service, 'port') ?? 443,
            path: textAt(service, 'path') ?? '/',
          },
    url: textAt(webhook, 'clientConfig', 'url'),
    caBundle: Buffer.from(textAt(webhook, 'clientConfig', 'caBundle') ?? '', 'base64').toString('utf8'),
    injectFrom: textsAt(configuration, 'metadata', 'annotations')['cert-manager.io/inject-ca-from'] ?? null,
    failurePolicy: textAt(webhook, 'failurePolicy') ?? 'Fail',
    timeoutSeconds: numberAt(webhook, 'timeoutSeconds') ?? 10,
    namespaceSelector: objectIn(webhook['namespaceSelector']) ?? {},
  };
}

/** Of the namespace that the CA comes from, which need not be that of the guard. */
async function readCertificates(
  cluster: ClusterReader,
  webhooks: readonly WebhookFacts[],
  namespace: string | null,
): Promise<Read | null> {
  const source = webhooks.find(({ injectFrom }) => injectFrom !== null)?.injectFrom?.split('/')[0] ?? namespace;
  if (source === null) return null;
  return cluster.get(`/apis/cert-manager.io/v1/namespaces/${encodeURIComponent(source)}/certificates`);
}

/** The service selects pods, and pods say nothing of who made them: the template whose labels fit is the one. */
function deploymentBehind(service: Read | null, deployments: Read | null): JsonObject | null {
  if (service?.kind !== 'found' || deployments?.kind !== 'found') return null;
  const selector = Object.entries(textsAt(service.value, 'spec', 'selector'));
  if (selector.length === 0) return null;
  const fits = (item: JsonObject): boolean => {
    const labels = textsAt(item, 'spec', 'template', 'metadata', 'labels');
    return selector.every(([key, value]) => labels[key] === value);
  };
  return objectsAt(deployments.value, 'items').find(fits) ?? null;
}

/** The Secret that is mounted as certificates; of several the one that is named so. */
function secretOf(deployment: JsonObject): string | null {
  const volumes = objectsAt(deployment, 'spec', 'template', 'spec', 'volumes');
  const names = volumes.map((volume) => textAt(volume, 'secret', 'secretName')).filter((name) => name !== null);
  return names.find((name) => /tls|cert/u.test(name)) ?? names[0] ?? null;
}

async function readEndpoints(
  cluster: ClusterReader,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<GuardFacts['endpoints']> {
  const folder = `namespaces/${encodeURIComponent(namespace)}`;
  const label = encodeURIComponent(`kubernetes.io/service-name=${name}`);
  const slices = await cluster.get(`/apis/discovery.k8s.io/v1/${folder}/endpointslices?labelSelector=${label}`);
  if (slices.kind === 'found') {
    const endpoints = objectsAt(slices.value, 'items').flatMap((slice) => objectsAt(slice, 'endpoints'));
    // A condition that is not told counts as ready.
    const ready = endpoints.filter((endpoint) => objectIn(endpoint['conditions'])?.['ready'] !== false).length;
    return { ready, notReady: endpoints.length - ready };
  }
  const old = await cluster.get(`/api/v1/${folder}/endpoints/${encodeURIComponent(name)}`);
  if (old.kind === 'absent') return { ready: 0, notReady: 0 };
  if (old.kind !== 'found') return { detail: old.detail };
  const count = (key: string): number =>
    objectsAt(old.value, 'subsets').reduce((sum, subset) => sum + objectsAt(subset, key).length, 0);
  return { ready: count('addresses'), notReady: count('notReadyAddresses') };
}

/** The name is a label of every namespace since 1.21, so that only further labels are lost when it can't be read. */
async function readLabels(cluster: ClusterReader, namespace: string | null): Promise<GuardFacts['labels']> {
  const names = [...new Set(['kube-system', ...(namespace === null ? [] : [namespace])])];
  const read = await Promise.all(
    names.map(async (name): Promise<readonly [string, Readonly<Record<string, string>>]> => {
      const found = await cluster.get(`/api/v1/namespaces/${encodeURIComponent(name)}`);
      if (found.kind === 'found') return [name, textsAt(found.value, 'metadata', 'labels')];
      return [name, { 'kubernetes.io/metadata.name': name }];
    }),
  );
  return new Map(read);
}

async function readAccess(cluster: ClusterReader, namespace: string, account: string): Promise<readonly AccessFacts[]> {
  return Promise.all(
    NEEDED_ACCESS.map(async (needed): Promise<AccessFacts> => {
      const answer = await cluster.ask('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: `system:serviceaccount:${namespace}:${account}`,
          groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
          resourceAttributes: { verb: needed.verb, group: needed.group, resource: needed.resource },
        },
      });
      if (answer.kind === 'found') {
        const status = objectIn(answer.value['status']);
        return { ...needed, allowed: status?.['allowed'] === true, detail: textAt(status, 'reason') ?? '' };
      }
      return { ...needed, allowed: null, detail: answer.kind === 'absent' ? '404' : answer.detail };
    }),
  );
}

/** Controllers that could not create pods tell the trouble of a webhook in Events. */
async function readEvents(cluster: ClusterReader, webhooks: readonly WebhookFacts[]): Promise<readonly string[]> {
  if (webhooks.length === 0) return [];
  const read = await cluster.get('/api/v1/events?limit=500');
  if (read.kind !== 'found') return [];
  const names = webhooks.map(({ name }) => name);
  const told = objectsAt(read.value, 'items')
    .map((event) => ({
      message: textAt(event, 'message') ?? '',
      time: textAt(event, 'lastTimestamp') ?? textAt(event, 'eventTime') ?? '',
    }))
    .filter(({ message }) => /failed calling webhook/u.test(message) && names.some((name) => message.includes(name)));
  told.sort((one, other) => (one.time < other.time ? 1 : -1));
  return [...new Set(told.map(({ message }) => message))];
}
