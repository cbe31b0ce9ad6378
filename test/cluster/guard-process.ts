/** The real guard as a process, with the rights that deploy/guard gives it and nothing more. */
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../tools/chaos/server-process.ts';
import type { Json } from './api.ts';
import { type Authority, type Leaf, createAuthority } from './authority.ts';
import { type CertificateDirectory, createCertificateDirectory } from './certificate-directory.ts';
import { type Child, startChild, untilReady } from './child.ts';
import type { ControlPlane } from './control-plane.ts';
import { manifestOf } from './guard-manifests.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const READY_WITHIN = 90_000;
const STOP_WITHIN = 30_000;
export const GUARD_NAMESPACE = 'funade-guard';

export interface GuardProcess {
  readonly name: string;
  readonly port: number;
  readonly authority: Authority;
  readonly certificates: CertificateDirectory;
  start(until?: 'ready' | 'alive'): Promise<void>;
  /** The exit code; `null` when it had to be killed. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
  pid(): number;
  /** Lines of its log that are JSON. */
  log(): readonly Json[];
  output(): string;
  /** Status of `/livez`, `/readyz` or `/healthz`. */
  status(path: string): Promise<number>;
  healthz(): Promise<Json>;
  /** Samples of `/metrics`: `name{labels}` and value. */
  metrics(): Promise<ReadonlyMap<string, number>>;
  /** The sum of the samples of a metric whose labels have these values. */
  count(metric: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** A review straight to the guard, as the API server would send it. */
  review(request: Json): Promise<{ readonly status: number; readonly body: Json; readonly serial: string }>;
  issue(): Promise<Leaf>;
}

export interface GuardSettings {
  readonly name: string;
  readonly rules?: Readonly<Partial<Record<RuleSetting, string>>>;
  readonly env?: Readonly<Record<string, string>>;
  /** A service account of its own with these rights; else the one of deploy/guard. */
  readonly rights?: readonly Json[];
  /** Shares certificates with another one, as replicas do. */
  readonly like?: GuardProcess;
}

export async function createGuard(plane: ControlPlane, settings: GuardSettings): Promise<GuardProcess> {
  const { name, rules = {}, env = {}, rights, like } = settings;
  const account = rights === undefined ? 'guard' : name;
  await giveRights(plane, account, rights ?? (await manifestOf('base', 'ClusterRole'))['rules']);
  const authority = like?.authority ?? (await createAuthority(plane.folder, `${name}-ca`));
  const certificates =
    like?.certificates ??
    (await createCertificateDirectory(join(plane.folder, `${name}-certificates`), await issueFor(authority, name, 0)));
  const [port, healthPort] = [await freePort(), await freePort()];
  const health = `http://127.0.0.1:${healthPort}`;
  const environment = {
    ...environmentOf({ port, healthPort, certificates: certificates.path }),
    GUARD_CLUSTER_KUBECONFIG: await plane.kubeconfigOf(GUARD_NAMESPACE, account),
    ...rulesOf(rules),
    ...env,
  };
  const agent = new Agent({ keepAlive: true, ca: authority.certificate, maxCachedSessions: 0 });
  const log = join(plane.folder, `${name}.log`);
  let child: Child | null = null;
  let issued = 0;

  function alive(): Child {
    if (child === null) throw new Error(`${name} was not started`);
    return child;
  }

  async function status(path: string): Promise<number> {
    const answer = await fetch(`${health}${path}`, { signal: AbortSignal.timeout(5000) });
    await answer.arrayBuffer();
    return answer.status;
  }

  async function metrics(): Promise<ReadonlyMap<string, number>> {
    return samplesOf(await (await fetch(`${health}/metrics`)).text());
  }

  return {
    name,
    port,
    authority,
    certificates,
    status,
    metrics,
    start: async (until = 'ready') => {
      const argv = [MAIN, 'serve', '--role', 'guard'];
      child = startChild({ name, program: process.execPath, argv, cwd: plane.folder, log, env: environment });
      const path = until === 'ready' ? '/readyz' : '/livez';
      await untilReady(child, async () => (await status(path)) === 200, READY_WITHIN);
    },
    stop: () => alive().stop(STOP_WITHIN),
    kill: () => alive().kill(),
    pid: () => alive().pid(),
    output: () => alive().output(),
    log: () => alive().output().split('\n').flatMap(jsonOf),
    healthz: async () => (await (await fetch(`${health}/healthz`)).json()) as Json,
    count: async (metric, labels = {}) => sum(await metrics(), metric, labels),
    review: (of) => sendReview(agent, port, of),
    issue: () => issueFor(authority, name, ++issued),
  };
}

/** The settings that every guard of these tests has. */
function environmentOf(of: { readonly port: number; readonly healthPort: number; readonly certificates: string }) {
  return {
    GUARD_PROFILE: 'production',
    GUARD_LANGUAGE: 'en',
    GUARD_NAMESPACE,
    GUARD_SERVER_HOST: '127.0.0.1',
    GUARD_SERVER_PORT: String(of.port),
    GUARD_SERVER_HEALTH_PORT: String(of.healthPort),
    GUARD_SERVER_CERTIFICATES: of.certificates,
  };
}

/** Setting and its variable. */
const RULES = {
  mode: 'GUARD_MODE',
  existingViolations: 'GUARD_EXISTING_VIOLATIONS',
  onUncertain: 'GUARD_ON_UNCERTAIN',
} as const;
type RuleSetting = keyof typeof RULES;

function rulesOf(rules: Readonly<Partial<Record<RuleSetting, string>>>): Readonly<Record<string, string>> {
  const given = Object.entries(rules) as (readonly [RuleSetting, string])[];
  return Object.fromEntries(given.map(([setting, value]) => [RULES[setting], value]));
}

function issueFor(authority: Authority, name: string, number: number): Promise<Leaf> {
  const hosts = ['IP:127.0.0.1', 'DNS:localhost'];
  return authority.issue({ name: `${name}-tls-${number}`, commonName: 'funade-guard', hosts });
}

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const THERE = 409;

async function giveRights(plane: ControlPlane, account: string, rules: readonly Json[]): Promise<void> {
  const apiGroup = 'rbac.authorization.k8s.io';
  const name = `${GUARD_NAMESPACE}-${account}`;
  const subject = { kind: 'ServiceAccount', namespace: GUARD_NAMESPACE, name: account };
  const accounts = `/api/v1/namespaces/${GUARD_NAMESPACE}/serviceaccounts`;
  const wanted: readonly (readonly [path: string, object: Json])[] = [
    ['/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: GUARD_NAMESPACE } }],
    [accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account } }],
    [`${RBAC}/clusterroles`, { apiVersion: `${apiGroup}/v1`, kind: 'ClusterRole', metadata: { name }, rules }],
    [
      `${RBAC}/clusterrolebindings`,
      {
        apiVersion: `${apiGroup}/v1`,
        kind: 'ClusterRoleBinding',
        metadata: { name },
        roleRef: { apiGroup, kind: 'ClusterRole', name },
        subjects: [subject],
      },
    ],
  ];
  for (const [path, object] of wanted) {
    const { status, message } = await plane.admin.create(path, object);
    if (status !== 201 && status !== THERE) throw new Error(`POST ${path}: ${status} ${message}`);
  }
}

function jsonOf(line: string): readonly Json[] {
  try {
    return line.startsWith('{') ? [JSON.parse(line) as Json] : [];
  } catch {
    return []; // the line that is being written
  }
}

function samplesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

function sum(samples: ReadonlyMap<string, number>, metric: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return [...samples]
    .filter(([name]) => name === metric || name.startsWith(`${metric}{`))
    .filter(([name]) => wanted.every((label) => name.includes(label)))
    .reduce((total, [, value]) => total + value, 0);
}

function sendReview(
  agent: Agent,
  port: number,
  of: Json,
): Promise<{ readonly status: number; readonly body: Json; readonly serial: string }> {
  const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: of });
  const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { agent, host: '127.0.0.1', port, path: '/validate?timeout=5s', method: 'POST', headers, timeout: 10_000 },
      (incoming) => {
        const { socket } = incoming as unknown as { socket: { getPeerCertificate(): { serialNumber?: string } } };
        const serial = socket.getPeerCertificate().serialNumber ?? '';
        const parts: Buffer[] = [];
        incoming.on('data', (part: Buffer) => parts.push(part));
        incoming.once('error', reject);
        incoming.once('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          resolve({ status: incoming.statusCode ?? 0, body: JSON.parse(text) as Json, serial });
        });
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer of the guard in 10 s')));
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
