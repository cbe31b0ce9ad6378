/** A small client of the Kubernetes API: JSON over node:https, with the warnings that `kubectl` would print. */
import { Agent, type AgentOptions, request } from 'node:https';

/** Objects of Kubernetes as a test writes and reads them. */
// oxlint-disable-next-line typescript/no-explicit-any -- what the API server answers has hundreds of shapes
export type Json = Record<string, any>;

export interface ApiAnswer {
  readonly status: number;
  readonly body: Json;
  /** Texts of the `Warning` headers. */
  readonly warnings: readonly string[];
  /** `message` of a Status; empty for anything else. */
  readonly message: string;
}

export interface Options {
  /** Asks for `dryRun=All`. */
  readonly dryRun?: boolean;
}

export type PatchKind = 'strategic-merge' | 'merge' | 'json';

export interface Api {
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<ApiAnswer>;
  get(path: string): Promise<ApiAnswer>;
  create(path: string, object: Json, options?: Options): Promise<ApiAnswer>;
  update(path: string, object: Json, options?: Options): Promise<ApiAnswer>;
  patch(path: string, patch: unknown, options?: Options & { readonly kind?: PatchKind }): Promise<ApiAnswer>;
  delete(path: string, propagation?: 'Background' | 'Foreground' | 'Orphan'): Promise<ApiAnswer>;
  /** The same connections as somebody else: the API server checks both who asks and who is impersonated. */
  as(user: string, groups?: readonly string[]): Api;
  close(): void;
}

export interface Credentials {
  readonly certificate?: string;
  readonly key?: string;
  readonly token?: string;
}

const CALL_WITHIN = 60_000;

export function createApi(url: string, ca: string, { certificate, key, token }: Credentials): Api {
  const pair: AgentOptions = certificate === undefined ? {} : { cert: certificate, key };
  const agent = new Agent({ keepAlive: true, ca, ...pair, maxSockets: 500 });
  const fixed: Record<string, string | string[]> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return apiOf(url, agent, fixed);
}

function apiOf(url: string, agent: Agent, fixed: Readonly<Record<string, string | string[]>>): Api {
  async function call(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) {
    const sent = body === undefined ? null : JSON.stringify(body);
    const length = sent === null ? {} : { 'content-length': String(Buffer.byteLength(sent)) };
    const type = sent === null ? {} : { 'content-type': 'application/json' };
    return await send(new URL(path, url), sent, {
      method,
      agent,
      headers: { accept: 'application/json', ...fixed, ...type, ...length, ...headers },
      timeout: CALL_WITHIN,
    });
  }

  return {
    call,
    get: (path) => call('GET', path),
    create: (path, object, options) => call('POST', asked(path, options), object),
    update: (path, object, options) => call('PUT', asked(path, options), object),
    patch: (path, patch, { kind = 'strategic-merge', ...options } = {}) =>
      call('PATCH', asked(path, options), patch, { 'content-type': `application/${kind}-patch+json` }),
    delete: (path, propagation = 'Background') => call('DELETE', path, { propagationPolicy: propagation }),
    as: (user, groups = ['system:authenticated']) =>
      apiOf(url, agent, { ...fixed, 'impersonate-user': user, 'impersonate-group': [...groups] }),
    close: () => agent.destroy(),
  };
}

function asked(path: string, { dryRun = false }: Options = {}): string {
  return dryRun ? `${path}?dryRun=All` : path;
}

function send(url: URL, body: string | null, options: Parameters<typeof request>[1]): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, options, (incoming) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.once('error', reject);
      incoming.once('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        const read = readBody(text);
        const message = read['kind'] === 'Status' ? String(read['message'] ?? '') : '';
        resolve({ status: incoming.statusCode ?? 0, body: read, warnings: warningsOf(incoming.rawHeaders), message });
      });
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer of ${url.pathname} in ${CALL_WITHIN} ms`)));
    outgoing.once('error', reject);
    outgoing.end(body ?? undefined);
  });
}

function readBody(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return { text };
  }
}

/** `299 - "text"`, with quotes escaped; headers are bytes, the texts in them UTF-8. */
function warningsOf(rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders
    .filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'warning')
    .map((value) => Buffer.from(value, 'latin1').toString('utf8'))
    .map((value) => (/^\d+ \S+ "(?<text>.*)"$/s.exec(value)?.groups?.['text'] ?? value).replaceAll(/\\(.)/g, '$1'));
}
