import { type RequestOptions, Agent, request } from 'node:https';
import { request as plainRequest } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { GuardConfig } from '../src/config/index.ts';
import { type Clock, createLogger, systemClock } from '../src/kernel/index.ts';
import type { Decision } from '../src/guard/decision.ts';
import { createGuardMetrics } from '../src/guard/metrics.ts';
import type { Decider, HealthSource } from '../src/guard/port.ts';
import { type Doors, openDoors } from '../src/guard/server/doors.ts';
import { createDecisionSink } from '../src/guard/server/guard-log.ts';
import { type Authority, type SecretVolume, createAuthority, createSecretVolume } from './certificates.ts';

export const ALLOWED: Decision = {
  kind: 'allowed',
  warnings: [],
  existing: [],
  warned: [],
  notices: [],
  skipped: null,
  bypassed: null,
  uncertain: null,
};

export interface GuardServerRig {
  readonly doors: Doors;
  readonly authority: Authority;
  readonly volume: SecretVolume;
  readonly port: number;
  /** Lines of the log so far. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  readonly rawLog: () => string;
  health(path: string, options?: { readonly method?: string; readonly body?: string }): Promise<Answer>;
  stop(): Promise<void>;
}

export interface RigWishes {
  readonly decider?: Decider;
  readonly server?: Partial<GuardConfig['server']>;
  readonly rules?: Partial<GuardConfig['rules']>;
  readonly profile?: GuardConfig['profile'];
  readonly language?: GuardConfig['language'];
  readonly isSynced?: () => boolean;
  readonly components?: readonly HealthSource[];
  readonly clock?: Clock;
  /** Without a certificate at the start. */
  readonly bare?: boolean;
  readonly logLevel?: 'info' | 'debug';
}

export const SERVER: Omit<GuardConfig['server'], 'certificates'> = {
  host: '127.0.0.1',
  port: 0,
  healthPort: 0,
  bodyLimit: 3 * 1024 * 1024,
  maxConnections: 500,
  headersTimeoutMs: 5000,
  requestTimeoutMs: 10_000,
  deadlineMs: 4000,
  endpointDelayMs: 0,
  graceMs: 20_000,
};

export const RULES: GuardConfig['rules'] = {
  mode: 'effective',
  existingViolations: 'allow',
  keda: 'warn',
  onUncertain: 'deny',
  retryAfterSeconds: 2,
  exemptScalers: [],
  policies: {
    singleReplicaUnderHpa: 'deny',
    hpaAllowsSingleReplica: 'deny',
    duplicateHpa: 'warn',
    imageWithoutDigest: 'off',
    imageNotReleased: 'off',
    resourcesMissing: 'off',
    privilegedContainer: 'off',
    rootContainer: 'off',
    readinessProbeMissing: 'off',
    disruptionBudgetNeverSatisfied: 'off',
  },
};

/** Both ports of a guard with real TLS and a decider of the test's choice. */
export async function openGuardServer(wishes: RigWishes = {}): Promise<GuardServerRig> {
  const authority = await createAuthority();
  const volume = await createSecretVolume();
  if (wishes.bare !== true) await volume.put(await authority.issue());
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const level = wishes.logLevel ?? 'info';
  const doors = await openDoors({
    config: {
      profile: wishes.profile ?? 'production',
      language: wishes.language ?? 'en',
      rules: { ...RULES, ...wishes.rules },
      server: { ...SERVER, certificates: volume.directory, ...wishes.server },
    },
    decider: wishes.decider ?? { decide: () => ALLOWED },
    isSynced: wishes.isSynced ?? (() => true),
    components: wishes.components ?? [],
    metrics: createGuardMetrics(),
    logger: createLogger(level, destination),
    decisions: createDecisionSink(level, destination),
    clock: wishes.clock ?? systemClock,
  });
  return {
    doors,
    authority,
    volume,
    get port() {
      return Number(new URL(doors.admissionAddress ?? 'https://none:1').port);
    },
    get log() {
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    rawLog: () => lines.join(''),
    health: (path, options) => askPlain(`${doors.healthAddress}${path}`, options),
    stop: async () => {
      await doors.stop();
      await authority.remove();
      await volume.remove();
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  json(): Record<string, unknown>;
  /** Of the certificate that was served; empty over plain HTTP. */
  readonly serial: string;
  /** Whether the connection had served before. */
  readonly reused: boolean;
}

export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Pieces are sent chunked. */
  readonly body?: string | Buffer | readonly (string | Buffer)[];
  readonly agent?: Agent;
}

export function review(over: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      resource: { group: 'apps', version: 'v1', resource: 'deployments' },
      namespace: 'shop',
      name: 'web',
      operation: 'CREATE',
      userInfo: { username: 'alice', groups: ['system:authenticated'] },
      object: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: 'shop' },
        spec: { replicas: 2 },
      },
      oldObject: null,
      dryRun: false,
      ...over,
    },
  };
}

/** One request over TLS that trusts the rig's authority. */
export function ask(rig: GuardServerRig, asked: Asked = {}): Promise<Answer> {
  const { method = 'POST', path = '/validate', body = JSON.stringify(review()), agent } = asked;
  const options: RequestOptions = {
    host: 'localhost',
    port: rig.port,
    ca: rig.authority.cert,
    method,
    path,
    headers: { 'content-type': 'application/json', ...lengthOf(body, method), ...asked.headers },
    agent: agent ?? new Agent({ keepAlive: false, maxCachedSessions: 0 }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      const { serialNumber } = (response.socket as TLSSocket).getPeerCertificate();
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(pieces).toString('utf8');
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: () => JSON.parse(text) as Record<string, unknown>,
          serial: serialNumber,
          reused: sent.reusedSocket,
        });
      });
    });
    sent.on('error', reject);
    if (Array.isArray(body)) for (const piece of body as readonly (string | Buffer)[]) sent.write(piece);
    else sent.write(body);
    sent.end();
  });
}

function lengthOf(body: Asked['body'], method: string): Readonly<Record<string, string>> {
  if (method === 'GET' || method === 'HEAD' || Array.isArray(body)) return {};
  return { 'content-length': String(Buffer.byteLength(body as string | Buffer)) };
}

function askPlain(
  url: string,
  { method = 'GET', body }: { readonly method?: string; readonly body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = plainRequest(
      url,
      { method, agent: false, headers: body === undefined ? {} : { 'content-length': body.length } },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(pieces).toString('utf8');
          const json = () => JSON.parse(text) as Record<string, unknown>;
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json,
            serial: '',
            reused: false,
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
