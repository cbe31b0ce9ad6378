import { randomBytes } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type FakeWebhook, createAdmissionCaller, reviewed } from './kubernetes/admission.ts';
import { type Call, type FaultHow, type FaultMatch, createFaults, sendStatus } from './kubernetes/faults.ts';
import { type Place, apiVersionOf, kindNamed, placeOf } from './kubernetes/kinds.ts';
import { type FakeObject, createFakeObjects } from './kubernetes/objects.ts';
import { type WatchSettings, createWatches } from './kubernetes/watches.ts';
import { scaleOf, write } from './kubernetes/writes.ts';

export type { FakeWebhook } from './kubernetes/admission.ts';
export type { Call, FaultHow, FaultMatch } from './kubernetes/faults.ts';
export type { FakeObject } from './kubernetes/objects.ts';

export interface FakeKubernetesOptions {
  /** PEM; without it the server speaks plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Milliseconds between bookmarks; 200 by default. */
  readonly bookmarkMs?: number;
  /** Group versions that this server does not have, as `autoscaling/v2`. */
  readonly without?: readonly string[];
}

/** Answer to a client of the cluster. */
export interface Sent {
  readonly status: number;
  readonly body: FakeObject;
  /** From `Warning` headers. */
  readonly warnings: readonly string[];
}

export interface As {
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly dryRun?: boolean;
}

/**
 * An API server of our own, in this process, behind real HTTP(S): Deployments with their scale, HPAs and Events; lists in
 * pages, watches with bookmarks, versions, a validating webhook on writes, and everything that can go wrong, on demand.
 *
 *     const cluster = await startKubernetesApi();
 *     cluster.put(deployment('shop', 'web', 3));                 // as if it were there already: past admission
 *     cluster.fault({ verb: 'watch' }, { status: 410 });         // returns how to end it
 *     cluster.webhook({ url: 'https://localhost:8443/validate', ca });
 *     const { status, warnings } = await cluster.create(hpa('shop', 'web'), { user: 'ada' });
 *     expect(cluster.count({ verb: 'get' })).toBe(0);
 */
export interface FakeKubernetesApi {
  /** `http://127.0.0.1:port`, or `https://localhost:port`. The port stays the same after `down` and `up`. */
  readonly url: string;
  /** A kubeconfig file's text for this server; `ca` in PEM. */
  kubeconfig(ca?: string): string;
  /** Requests with another one are answered 401. May be set, as if it had been exchanged. */
  token: string;
  /** What was wrong with requests: unknown paths, missing parameters, content types. Expect it to be empty. */
  readonly faults: readonly string[];
  /** Every call since the start or `forget`. */
  readonly calls: readonly Call[];
  count(of: { readonly verb?: string; readonly resource?: string; readonly namespace?: string }): number;
  forget(): void;
  /** Connections that were made since the start. */
  connections(): number;

  /** Past admission and HTTP, as if etcd held it. */
  put(object: FakeObject): FakeObject;
  remove(kind: string, namespace: string, name: string): void;
  find(kind: string, namespace: string, name: string): FakeObject;
  list(kind: string): readonly FakeObject[];

  /** A write as by a client: with defaults, through the webhook. The same over HTTP goes with `Impersonate-User` and `-Group`. */
  send(method: string, path: string, body?: FakeObject, as?: As): Promise<Sent>;
  create(object: FakeObject, as?: As): Promise<Sent>;
  /** As a merge patch. */
  patch(kind: string, place: { namespace: string; name: string }, patch: FakeObject, as?: As): Promise<Sent>;
  scale(place: { namespace: string; name: string }, replicas: number, as?: As): Promise<Sent>;
  /** `null`: none any more. */
  webhook(webhook: FakeWebhook | null): void;

  fault(match: FaultMatch, how: FaultHow): () => void;
  clearFaults(): void;
  /** May be changed at any time: lag, silence, time between bookmarks. */
  readonly watching: WatchSettings;
  openWatches(): number;
  /** `end`: as a server that is done; `cut`: the connection breaks. */
  closeWatches(how?: 'end' | 'cut'): void;
  /** Old versions and continue tokens are forgotten: 410. */
  expire(): void;
  /** Nothing listens, and every connection is cut. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

export async function startKubernetesApi(options: FakeKubernetesOptions = {}): Promise<FakeKubernetesApi> {
  const objects = createFakeObjects();
  const watching: WatchSettings = {
    bookmarkMs: options.bookmarkMs ?? 200,
    lagMs: 0,
    isSilent: false,
    closeAfterMs: null,
    expiredAs: 'status',
  };
  const watches = createWatches(objects, watching);
  const demanded = createFaults();
  const admission = createAdmissionCaller();
  const faults: string[] = [];
  const calls: Call[] = [];
  /** Rests of lists that are read page by page. */
  const rests = new Map<string, { readonly items: readonly FakeObject[]; readonly version: number }>();
  let connections = 0;
  const without = new Set(options.without);
  let token = randomBytes(12).toString('hex');
  let webhook: FakeWebhook | null = null;
  const means = { objects, admission, webhook: () => webhook };
  let server: Server = await listen(0);
  const { port } = server.address() as AddressInfo;
  const url = options.tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`;

  async function listen(on: number): Promise<Server> {
    const handler = (request: IncomingMessage, response: ServerResponse) => {
      handle(request, response).catch((thrown: unknown) => {
        faults.push(String(thrown));
        response.destroy();
      });
    };
    const made = options.tls === undefined ? createServer(handler) : createSecureServer(options.tls, handler);
    made.keepAliveTimeout = 60_000;
    made.on(options.tls === undefined ? 'connection' : 'secureConnection', () => {
      connections += 1;
    });
    await new Promise<void>((resolve, reject) => {
      made.once('error', reject);
      made.listen(on, '127.0.0.1', resolve);
    });
    return made;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = new URL(request.url ?? '/', 'http://api');
    const body = await bodyOf(request);
    if (request.headers.authorization !== `Bearer ${token}`) {
      return sendStatus(response, 401, { reason: 'Unauthorized', message: 'Unauthorized' });
    }
    const place = placeOf(target.pathname);
    if (place === null || without.has(apiVersionOf(place.kind, place.version))) {
      if (place === null) faults.push(`${request.method} ${target.pathname}: there is no such path`);
      response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');
      return;
    }
    const call = callOf(request.method ?? '', target, place);
    calls.push(call);
    faults.push(...wrongWith(call, request));
    if (await demanded.meet(call, response)) return;
    if (response.destroyed) return;
    await answer({ place, call, body, request, response });
  }

  async function answer(at: {
    readonly place: Place;
    readonly call: Call;
    readonly body: FakeObject;
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
  }): Promise<void> {
    const { place, call, body, request, response } = at;
    if (call.verb === 'watch') return watches.open(place, call.query, response);
    if (call.verb === 'list') return list(place, call.query, response);
    if (call.verb === 'get') return get(place, response);
    const dryRun = call.query.get('dryRun') === 'All';
    const written = await write(means, { place, method: call.method, body, user: userOf(request), dryRun });
    if (written.warnings.length > 0) {
      response.setHeader(
        'warning',
        written.warnings.map((text) => `299 - "${encodeURIComponent(text)}"`),
      );
    }
    send(response, written.status, written.body);
  }

  function get({ kind, version, namespace, name, subresource }: Place, response: ServerResponse): void {
    const found = objects.find(kind, namespace ?? '', name ?? '');
    if (found === undefined) {
      const message = `${kind.resource} "${name}" not found`;
      return sendStatus(response, 404, { reason: 'NotFound', message });
    }
    send(response, 200, subresource === 'scale' ? scaleOf(found) : reviewed(found, kind, version));
  }

  function list({ kind, version, namespace }: Place, query: URLSearchParams, response: ServerResponse): void {
    const continued = query.get('continue');
    const rest =
      continued === null ? { items: objects.list(kind, namespace), version: objects.version() } : rests.get(continued);
    if (rest === undefined) {
      return sendStatus(response, 410, { reason: 'Expired', message: 'The provided continue parameter is too old' });
    }
    const limit = Number(query.get('limit') ?? '0') || rest.items.length;
    const left = rest.items.slice(limit);
    const next = left.length === 0 ? '' : randomBytes(8).toString('hex');
    if (next !== '') rests.set(next, { items: left, version: rest.version });
    const metadata = { resourceVersion: String(rest.version), continue: next };
    // Items of a list carry neither kind nor version.
    const items = rest.items.slice(0, limit).map(({ kind: _kind, apiVersion: _version, ...item }) => item);
    send(response, 200, { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind, version), metadata, items });
  }

  async function sendAs(method: string, path: string, body?: FakeObject, as: As = {}): Promise<Sent> {
    const place = placeOf(new URL(path, 'http://api').pathname);
    if (place === null) throw new Error(`the fake has no path ${path}`);
    const user = { username: as.user ?? 'ada', groups: as.groups ?? ['system:authenticated'] };
    return write(means, { place, method, body: body ?? {}, user, dryRun: as.dryRun === true });
  }

  const fake: FakeKubernetesApi = {
    url,
    get token() {
      return token;
    },
    set token(value) {
      token = value;
    },
    kubeconfig: (ca) => kubeconfigOf(url, token, ca),
    faults,
    calls,
    count: ({ verb, resource, namespace }) =>
      calls.filter(
        (call) =>
          (verb === undefined || call.verb === verb) &&
          (resource === undefined || call.resource === resource) &&
          (namespace === undefined || call.namespace === namespace),
      ).length,
    forget: () => calls.splice(0),
    connections: () => connections,
    put: objects.put,
    remove: (kind, namespace, name) => void objects.remove(kindNamed(kind), namespace, name),
    find: (kind, namespace, name) => objects.find(kindNamed(kind), namespace, name),
    list: (kind) => objects.list(kindNamed(kind), null),
    send: sendAs,
    create: (object, as) => sendAs('POST', pathOf(object.kind, object.metadata.namespace), object, as),
    patch: (kind, { namespace, name }, patch, as) => sendAs('PATCH', `${pathOf(kind, namespace)}/${name}`, patch, as),
    scale: ({ namespace, name }, replicas, as) =>
      sendAs('PATCH', `${pathOf('Deployment', namespace)}/${name}/scale`, { spec: { replicas } }, as),
    webhook: (given) => {
      webhook = given;
    },
    fault: demanded.add,
    clearFaults: demanded.clear,
    watching,
    openWatches: watches.count,
    closeWatches: (how = 'end') => watches.closeAll(how),
    expire: () => {
      objects.compact();
      rests.clear();
    },
    down: () => stop(server),
    up: async () => {
      server = await listen(port);
    },
    close: async () => {
      admission.close();
      await stop(server);
    },
  };
  return fake;
}

/** JSON is YAML. */
function kubeconfigOf(server: string, token: string, ca: string | undefined): string {
  const data = ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'fake',
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'guard' } }],
    clusters: [{ name: 'fake', cluster: { server, ...data } }],
    users: [{ name: 'guard', user: { token } }],
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function send(response: ServerResponse, status: number, body: FakeObject): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<FakeObject> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const text = Buffer.concat(pieces).toString();
  return text === '' ? {} : JSON.parse(text);
}

function pathOf(kindName: string, namespace = 'default'): string {
  const kind = kindNamed(kindName);
  const base = kind.group === '' ? '/api/v1' : `/apis/${apiVersionOf(kind, kind.versions[0])}`;
  return `${base}/namespaces/${namespace}/${kind.resource}`;
}

const WRITE_VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

function callOf(method: string, { pathname, searchParams }: URL, place: Place): Call {
  const isRead = method === 'GET';
  const readVerb = place.name === null ? 'list' : 'get';
  return {
    verb: isRead ? (searchParams.has('watch') && 'watch') || readVerb : (WRITE_VERBS[method] ?? method),
    method,
    path: pathname,
    query: searchParams,
    resource: place.kind.resource,
    namespace: place.namespace,
    name: place.name,
    at: performance.now(),
  };
}

/** What a client of production quality would not send. */
function wrongWith({ verb, method, path, query }: Call, { headers }: IncomingMessage): readonly string[] {
  const wrong: string[] = [];
  if (verb === 'list' && !(Number(query.get('limit')) > 0)) wrong.push(`list ${path} without limit`);
  if (verb === 'watch') {
    if (query.get('allowWatchBookmarks') !== 'true') wrong.push(`watch ${path} without bookmarks`);
    if (!/^\d+$/.test(query.get('resourceVersion') ?? '')) wrong.push(`watch ${path} without version`);
    const seconds = Number(query.get('timeoutSeconds'));
    if (!(seconds >= 300 && seconds <= 600)) wrong.push(`watch ${path} for ${seconds} seconds`);
  }
  const type = headers['content-type'] ?? '';
  if ((method === 'POST' || method === 'PUT') && type !== 'application/json')
    wrong.push(`${method} ${path} as "${type}"`);
  if (method === 'PATCH' && type !== 'application/merge-patch+json') wrong.push(`PATCH ${path} as "${type}"`);
  if (headers.accept !== 'application/json') wrong.push(`${method} ${path} accepts "${headers.accept}"`);
  return wrong;
}

function userOf({ headers }: IncomingMessage): { username: string; groups: readonly string[] } {
  const user = headers['impersonate-user'];
  const groups = headers['impersonate-group'];
  return {
    username: typeof user === 'string' ? user : 'system:admin',
    groups: typeof groups === 'string' ? groups.split(', ') : ['system:masters', 'system:authenticated'],
  };
}

/** Objects as small as tests need them. */
export function deployment(namespace: string, name: string, replicas?: number): FakeObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name, labels },
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'registry.example/app:1' }] } },
    },
  };
}

export function hpa(namespace: string, name: string, minReplicas?: number, target = name): FakeObject {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { namespace, name },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target },
      ...(minReplicas === undefined ? {} : { minReplicas }),
      maxReplicas: 10,
    },
  };
}
