import { createHmac, randomUUID } from 'node:crypto';
import { type IncomingHttpHeaders, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import { type ForgeWebhook, type Secret, forgeWebhooks } from '../src/forges/index.ts';
import {
  type ActiveSource,
  type Admission,
  type Intake,
  type IntakeLimits,
  type IntakeMetrics,
  type IntakeOptions,
  type SourceDirectory,
  createIntake,
  intakeServerOptions,
} from '../src/intake/index.ts';
import { type Logger, createLogger, systemClock } from '../src/kernel/index.ts';
import type { Db, Trx } from '../src/store/index.ts';

export const SECRET: Secret = { label: 'current', value: 'the current secret of the test hook' };

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface IntakeRig {
  readonly intake: Intake;
  readonly port: number;
  /** Every log line so far, as text. */
  readonly logs: () => string;
  /** Outcome, source and event of every request so far. */
  readonly observed: readonly (readonly [string, string, string])[];
  readonly signatureFailures: () => number;
  stop(): Promise<void>;
}

export interface RigOptions extends Partial<Pick<IntakeOptions, 'onFailure' | 'githubAddressesOnly'>> {
  readonly db: Db;
  readonly admission?: Admission;
  /** In place of `github` and `gitlab` with the secrets below. */
  readonly sources?: SourceDirectory;
  readonly secrets?: readonly Secret[];
  readonly gitlabSecrets?: readonly Secret[];
  readonly limits?: Partial<IntakeLimits>;
  readonly forges?: ReadonlyMap<string, ForgeWebhook>;
  readonly logger?: Logger;
}

/** The secret of GitLab's hook; `GITLAB_SIGNING` is not valid unless a test says so. */
export const GITLAB_TOKEN: Secret = { label: 'gitlab', value: 'the token of the GitLab test hook' };
export const GITLAB_SIGNING: Secret = {
  label: 'signing',
  value: 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=',
  kind: 'signing',
};

/** Sources that never change. */
export function fixedSources(sources: readonly ActiveSource[]): SourceDirectory {
  return {
    all: () => sources,
    get: (name) => sources.find((source) => source.name === name),
    refresh: () => Promise.resolve(false),
    forgeOf: () => null,
    homeOf: () => null,
  };
}

export function activeSource(overrides: Partial<ActiveSource> = {}): ActiveSource {
  const forge = overrides.forge ?? 'github';
  return {
    name: forge,
    forge,
    webhook: forgeWebhooks.get(forge)!,
    apiUrl: `https://${forge}.example/api`,
    secrets: [],
    credentials: null,
    repositories: [],
    ...overrides,
  };
}

/** An admission that queues every event as one row of `admitted`: pushes and tags as runs, the others as tasks. */
export const admitAll: Admission = {
  plan: (trx, arrivals) => {
    const decided = arrivals.map(({ event }) => {
      const isRef = 'ref' in event;
      return { id: `${isRef ? 'run' : 'task'}_${randomUUID()}`, ref: isRef ? event.ref : `${event.subject.number}` };
    });
    return Promise.resolve({
      decisions: decided.map(({ id }) => {
        const isRun = id.startsWith('run_');
        return { kind: 'queued', runIds: isRun ? [id] : [], taskIds: isRun ? [] : [id] };
      }),
      write: async (places) => {
        for (const place of places) {
          const { event, deliveryId } = arrivals[place]!;
          const { id, ref } = decided[place]!;
          await sql`
            insert into admitted (run, delivery_id, kind, ref) values (${id}, ${deliveryId}, ${event.kind}, ${ref})
          `.execute(trx);
        }
      },
    });
  },
};

/** `admitAll`, with something that happens before or after it writes. */
export function admitAround(around: (trx: Trx, write: () => Promise<void>) => Promise<void>): Admission {
  return {
    plan: async (trx, arrivals) => {
      const { decisions, write } = await admitAll.plan(trx, arrivals);
      return { decisions, write: (places) => around(trx, () => write(places)) };
    },
  };
}

export async function createAdmittedTable(db: Db): Promise<void> {
  await sql`create table admitted (run text primary key, delivery_id text, kind text, ref text)`.execute(db);
}

export async function countRows(db: Db, table: 'deliveries' | 'admitted' | 'events'): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.table(table)}`.execute(db);
  return rows[0]?.count ?? -1;
}

/** The intake behind a real HTTP server on a free port of this machine. */
export async function startIntake(options: RigOptions): Promise<IntakeRig> {
  const lines: string[] = [];
  const observed: [string, string, string][] = [];
  let failures = 0;
  const metrics: IntakeMetrics = {
    observe: (outcome, source, event) => void observed.push([outcome, source, event]),
    signatureFailure: () => {
      failures += 1;
    },
  };
  const intake = createIntake({
    db: options.db,
    clock: systemClock,
    logger: options.logger ?? createLogger('trace', { write: (line: string) => void lines.push(line) }),
    sources: options.sources ?? sourcesOf(options),
    admission: options.admission ?? admitAll,
    metrics,
    ...(options.onFailure === undefined ? {} : { onFailure: options.onFailure }),
    ...(options.githubAddressesOnly === undefined ? {} : { githubAddressesOnly: options.githubAddressesOnly }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const server = createServer(intakeServerOptions, (incoming, response) => void intake.handle(incoming, response));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    intake,
    port: (server.address() as AddressInfo).port,
    logs: () => lines.join(''),
    observed,
    signatureFailures: () => failures,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sourcesOf({ forges = forgeWebhooks, secrets = [SECRET], gitlabSecrets = [GITLAB_TOKEN] }: RigOptions) {
  return fixedSources(
    [...forges.values()].map((webhook) => {
      const forge = webhook.id === 'gitlab' ? ('gitlab' as const) : ('github' as const);
      return activeSource({ forge, webhook, secrets: forge === 'gitlab' ? gitlabSecrets : secrets });
    }),
  );
}

export function signature(body: string | Uint8Array, secret: string = SECRET.value): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** Headers of a delivery that GitHub would send for this body. */
export function githubHeaders(body: string | Uint8Array, event = 'push', id: string = randomUUID()) {
  return {
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/2e1a4b',
    'x-github-event': event,
    'x-github-delivery': id,
    'x-hub-signature-256': signature(body),
  };
}

let counter = 0;

/** A push payload that differs from every other one. */
export function pushBody(overrides: Readonly<Record<string, unknown>> = {}): string {
  counter += 1;
  const after = counter.toString(16).padStart(40, 'a');
  return JSON.stringify({
    ref: 'refs/heads/main',
    before: 'b'.repeat(40),
    after,
    forced: false,
    repository: { id: 7, full_name: 'octo/greeter', html_url: 'https://github.com/octo/greeter' },
    sender: { login: 'mona' },
    head_commit: { id: after, message: 'Greet', author: { name: 'Mona' }, timestamp: '2026-01-02T03:04:05Z' },
    ...overrides,
  });
}

export interface Sending {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  readonly body?: string | Uint8Array;
}

/** Sends one request on a connection of its own; rejects when there was no answer. */
export function send(port: number, sending: Sending): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = Object.entries(sending.headers ?? {}).filter(([, value]) => value !== undefined);
    const outgoing = request(
      {
        port,
        host: '127.0.0.1',
        method: sending.method ?? 'POST',
        path: sending.path ?? '/webhook/github',
        headers: Object.fromEntries(headers) as Record<string, string>,
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => void chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
        response.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(sending.body);
  });
}

/** Sends a push as GitHub would. */
export function deliver(port: number, body: string = pushBody(), event = 'push', id?: string): Promise<Answer> {
  return send(port, { headers: githubHeaders(body, event, id), body });
}
