/** A control plane of one test: etcd, kube-apiserver and, when asked for, controllers, on loopback, in a temporary folder. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../tools/chaos/server-process.ts';
import { type Api, type Json, createApi } from './api.ts';
import { type Assets, assetsDirectory, knownFlags, readAssets } from './assets.ts';
import { type Authority, createAuthority } from './authority.ts';
import { type Child, startChild, until, untilReady } from './child.ts';

const READY_WITHIN = 180_000;
const STOP_WITHIN = 20_000;

export const HPA_CONTROLLER = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';

export interface ControlPlane {
  readonly assets: Assets;
  /** For whatever else belongs to this test; goes with it. */
  readonly folder: string;
  readonly url: string;
  /** `system:masters`, by client certificate. */
  readonly admin: Api;
  /** A person who may edit Deployments and HPAs and nothing else, by client certificate. */
  readonly developer: Api;
  /** The account of the HPA controller, with its own rights. */
  readonly hpaController: Api;
  readonly apiServer: { kill(): Promise<void>; stop(): Promise<void>; start(): Promise<void>; pid(): number };
  /** A token of a service account, as a pod has one. */
  tokenOf(namespace: string, name: string): Promise<string>;
  /** A kubeconfig with that token; the path of the file. */
  kubeconfigOf(namespace: string, name: string): Promise<string>;
  createNamespace(name: string, labels?: Readonly<Record<string, string>>): Promise<string>;
  /** Starts kube-controller-manager with each controller under its own service account. Throws when there is none. */
  startControllers(): Promise<Child>;
  stop(): Promise<void>;
}

export async function startControlPlane(): Promise<ControlPlane> {
  const directory = assetsDirectory();
  if (directory === null) throw new Error('KUBEBUILDER_ASSETS is not set');
  const assets = await readAssets(directory);
  const folder = await mkdtemp(join(tmpdir(), 'funade-cluster-'));
  const authority = await createAuthority(folder, 'cluster-ca');
  const started: Child[] = [];
  try {
    const etcd = await startEtcd(assets, folder);
    started.push(etcd.child);
    return await startAround({ assets, folder, authority, etcd: etcd.url, started });
  } catch (cause) {
    await stopAll(started, folder);
    throw cause;
  }
}

async function startEtcd({ etcd }: Assets, folder: string): Promise<{ readonly url: string; readonly child: Child }> {
  const [url, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const argv = [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    // What a test writes need not survive a power cut.
    ...(await knownFlags(etcd, ['--unsafe-no-fsync'])),
  ];
  const child = startChild({ name: 'etcd', program: etcd, argv, cwd: folder, log: join(folder, 'etcd.log') });
  await untilReady(child, async () => (await fetch(`${url}/health`)).ok, READY_WITHIN);
  return { url, child };
}

interface Ground {
  readonly assets: Assets;
  readonly folder: string;
  readonly authority: Authority;
  readonly etcd: string;
  /** Everything that runs, in the order in which it was started. */
  readonly started: Child[];
}

async function startAround(ground: Ground): Promise<ControlPlane> {
  const { assets, folder, authority, started } = ground;
  const port = await freePort();
  const url = `https://127.0.0.1:${port}`;
  const accounts = await writeAccountKeys(folder);
  const argv = await apiServerFlags(ground, port, accounts);
  const clients = await clientsOf(authority, url);
  let child: Child;

  async function start(): Promise<void> {
    const log = join(folder, 'kube-apiserver.log');
    child = startChild({ name: 'kube-apiserver', program: assets.apiServer, argv, cwd: folder, log });
    started.push(child);
    await untilReady(child, async () => (await clients.admin.get('/readyz')).status === 200, READY_WITHIN);
  }

  async function tokenOf(namespace: string, name: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const spec = { audiences: ['https://kubernetes.default.svc'], expirationSeconds: 7200 };
    const answer = await clients.admin.create(path, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec,
    });
    if (answer.status !== 201) throw new Error(`no token of ${namespace}/${name}: ${answer.status} ${answer.message}`);
    return String(answer.body['status'].token);
  }

  async function kubeconfigOf(namespace: string, name: string): Promise<string> {
    const path = join(folder, `${namespace}-${name}.kubeconfig`);
    const user = { token: await tokenOf(namespace, name) };
    await writeFile(path, kubeconfig(url, authority.certificate, user), { mode: 0o600 });
    return path;
  }

  await start();
  await grant(clients.admin);
  await until('the roles of controllers are there', async () => {
    const path = `${RBAC}/clusterrolebindings/system:controller:horizontal-pod-autoscaler`;
    return (await clients.admin.get(path)).status === 200;
  });

  return {
    assets,
    folder,
    url,
    ...clients,
    apiServer: {
      start,
      kill: () => child.kill(),
      stop: async () => void (await child.stop(STOP_WITHIN)),
      pid: () => child.pid(),
    },
    tokenOf,
    kubeconfigOf,
    createNamespace: async (name, labels = {}) => {
      // Before 1.21 the API server does not set this label by itself.
      const metadata = { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } };
      const answer = await clients.admin.create('/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata,
      });
      if (answer.status !== 201) throw new Error(`no namespace ${name}: ${answer.message}`);
      return name;
    },
    startControllers: async () => {
      const made = await startControllers({ ...ground, url, accounts });
      started.push(made);
      return made;
    },
    stop: async () => {
      for (const client of Object.values(clients)) client.close();
      await stopAll(started, folder);
    },
  };
}

async function stopAll(started: readonly Child[], folder: string): Promise<void> {
  for (const child of started.toReversed()) await child.stop(STOP_WITHIN);
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

interface AccountKeys {
  readonly private: string;
  readonly public: string;
}

async function writeAccountKeys(folder: string): Promise<AccountKeys> {
  const files = { private: join(folder, 'accounts.key'), public: join(folder, 'accounts.pub') };
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  await writeFile(files.private, privateKey, { mode: 0o600 });
  await writeFile(files.public, publicKey);
  return files;
}

async function apiServerFlags(
  { assets, authority, etcd, folder }: Ground,
  port: number,
  accounts: AccountKeys,
): Promise<readonly string[]> {
  const hosts = ['IP:127.0.0.1', 'DNS:localhost', 'DNS:kubernetes.default.svc'];
  const { files } = await authority.issue({ name: 'kube-apiserver', commonName: 'kube-apiserver', hosts });
  return [
    `--etcd-servers=${etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--tls-cert-file=${files.certificate}`,
    `--tls-private-key-file=${files.key}`,
    `--client-ca-file=${authority.file}`,
    `--cert-dir=${folder}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--authorization-mode=RBAC',
    '--allow-privileged=true',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${accounts.public}`,
    `--service-account-signing-key-file=${accounts.private}`,
    // Pods are only made, never run: nothing gives them an account or a node.
    '--disable-admission-plugins=ServiceAccount',
    '--max-requests-inflight=2000',
    '--max-mutating-requests-inflight=2000',
    ...(await knownFlags(assets.apiServer, [
      '--endpoint-reconciler-type=none',
      '--enable-priority-and-fairness=false',
    ])),
  ];
}

async function clientsOf(
  authority: Authority,
  url: string,
): Promise<Pick<ControlPlane, 'admin' | 'developer' | 'hpaController'>> {
  const admin = await authority.issue({ name: 'admin', commonName: 'admin', groups: ['system:masters'] });
  const developer = await authority.issue({ name: 'developer', commonName: 'dev', groups: ['developers'] });
  const adminApi = createApi(url, authority.certificate, admin);
  const groups = ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'];
  return {
    admin: adminApi,
    developer: createApi(url, authority.certificate, developer),
    hpaController: adminApi.as(HPA_CONTROLLER, groups),
  };
}

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ANY_VERB = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];

/** What `edit` has of the objects of these tests. That role itself is empty until a controller has put its parts together. */
async function grant(admin: Api): Promise<void> {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const apiGroup = 'rbac.authorization.k8s.io';
  const metadata = { name: 'developers' };
  const rules = [
    { apiGroups: ['apps'], resources: ['deployments', 'deployments/scale', 'replicasets'], verbs: ANY_VERB },
    { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ANY_VERB },
  ];
  const roleRef = { apiGroup, kind: 'ClusterRole', name: 'developers' };
  const subjects = [{ apiGroup, kind: 'Group', name: 'developers' }];
  const made = [
    await admin.create(`${RBAC}/clusterroles`, { apiVersion, kind: 'ClusterRole', metadata, rules }),
    await admin.create(`${RBAC}/clusterrolebindings`, {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef,
      subjects,
    }),
  ];
  const refused = made.find(({ status }) => status !== 201);
  if (refused !== undefined) throw new Error(`no rights for the developer: ${refused.status} ${refused.message}`);
}

function kubeconfig(url: string, ca: string, user: Json): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [
      { name: 'test', cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') } },
    ],
    users: [{ name: 'test', user }],
  });
}

const CONTROLLERS =
  'deployment,replicaset,garbagecollector,horizontalpodautoscaling,namespace,serviceaccount,serviceaccount-token';
/** Writes what it thinks of the expressions of a policy into its status; from 1.30 on. */
const POLICY_STATUS = 'validatingadmissionpolicy-status-controller';

async function startControllers(of: Ground & { readonly url: string; readonly accounts: AccountKeys }): Promise<Child> {
  const { assets, folder, authority, url, accounts } = of;
  if (assets.controllerManager === null) throw new Error('KUBEBUILDER_ASSETS has no kube-controller-manager');
  const own = await authority.issue({
    name: 'controllers',
    commonName: 'system:kube-controller-manager',
    groups: ['system:masters'],
  });
  const path = join(folder, 'controllers.kubeconfig');
  const data = {
    'client-certificate-data': Buffer.from(own.certificate).toString('base64'),
    'client-key-data': Buffer.from(own.key).toString('base64'),
  };
  await writeFile(path, kubeconfig(url, authority.certificate, data), { mode: 0o600 });
  const port = await freePort();
  const argv = [
    `--kubeconfig=${path}`,
    `--authentication-kubeconfig=${path}`,
    `--authorization-kubeconfig=${path}`,
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${accounts.private}`,
    `--root-ca-file=${authority.file}`,
    '--leader-elect=false',
    `--controllers=${assets.minor >= 30 ? `${CONTROLLERS},${POLICY_STATUS}` : CONTROLLERS}`,
    '--horizontal-pod-autoscaler-sync-period=1s',
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${folder}`,
    // Before 1.24 there is a second, plain port.
    ...(await knownFlags(assets.controllerManager, ['--port=0'])),
  ];
  const log = join(folder, 'kube-controller-manager.log');
  const child = startChild({
    name: 'kube-controller-manager',
    program: assets.controllerManager,
    argv,
    cwd: folder,
    log,
  });
  await untilReady(
    child,
    async () => /Starting .*orizontal.?[pP]od|Starting HPA controller/.test(child.output()),
    READY_WITHIN,
  );
  return child;
}
