import type { z } from 'zod';
import { type ProblemView, problemView } from '../api/contract/index.ts';
import { type ErrorCode, FunadeError, type Language, catalogue, messageOf } from '../kernel/index.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

export interface ClientOptions {
  /** Address of the server without a trailing slash, for example `http://127.0.0.1:8000`. */
  readonly server: string;
  readonly token: string | null;
  readonly language: Language;
  /** What to do about a token that is missing or refused: the server's own fix names a command that needs one. */
  readonly tokenFix?: string;
  /** Told of every request and its answer, for `--debug`. */
  readonly trace?: (line: string) => void;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Client {
  readonly server: string;
  /** The answer of `GET`, checked against the contract. */
  get<T extends z.ZodType>(path: string, schema: T, query?: Query): Promise<z.output<T>>;
  /** The body of `GET` whatever the status says: a server that is unwell answers 503 and says why. */
  probe<T extends z.ZodType>(path: string, schema: T): Promise<z.output<T>>;
  /** An act; `schema` says what the answer must be, null means that it does not matter. */
  post<T extends z.ZodType>(path: string, body: object, schema: T): Promise<z.output<T>>;
  act(path: string, body: object): Promise<void>;
  /** Puts a thing in place; `headers` say which state of it was meant. */
  put<T extends z.ZodType>(path: string, body: object, options: PutOptions<T>): Promise<z.output<T>>;
  remove(path: string): Promise<void>;
  /** `POST` of JSON that is sent and answered as it is: neither is read. */
  relay(path: string, options: RelayOptions): Promise<Relayed>;
  /** An answer that arrives piece by piece. */
  stream(path: string, options: StreamOptions): Promise<ReadableStream<Uint8Array>>;
}

export interface PutOptions<T extends z.ZodType> {
  readonly schema: T;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RelayOptions {
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** null sends no body. */
  readonly body: Uint8Array<ArrayBuffer> | null;
}

export interface Relayed {
  readonly headers: Headers;
  readonly text: string;
}

export interface StreamOptions {
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

interface RequestOptions extends StreamOptions {
  /** Bytes go as they are, everything else as JSON. */
  readonly body?: object | Uint8Array<ArrayBuffer>;
  /** An answer that is not a success is still an answer. */
  readonly anyStatus?: boolean;
}

/** An error that the server described. */
export class ProblemError extends Error {
  readonly problem: ProblemView;
  /** What the server knows of it beyond the form of all problems: of a function's error its type, trace and who is to blame. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(problem: ProblemView, details: Readonly<Record<string, unknown>> = {}) {
    super(problem.detail);
    this.name = 'ProblemError';
    this.problem = problem;
    this.details = details;
  }

  get exitCode(): ExitCode {
    const entry = Object.hasOwn(catalogue, this.problem.code) ? catalogue[this.problem.code as ErrorCode] : undefined;
    if (entry !== undefined) return entry.exit as ExitCode;
    return this.isOfCall ? EXIT.failed : exitCodeOfStatus(this.problem.status);
  }

  /** Whether code of a function failed, or its platform did: the server was reached, whatever the status says. */
  get isOfCall(): boolean {
    return this.details['by'] === 'function' || this.details['by'] === 'platform';
  }
}

function exitCodeOfStatus(status: number): ExitCode {
  if (status === 401 || status === 403) return EXIT.notAllowed;
  if (status === 400 || status === 404 || status === 422) return EXIT.usage;
  return status === 502 || status === 503 || status === 504 ? EXIT.unreachable : EXIT.failed;
}

export function createClient(options: ClientOptions): Client {
  const request = async (method: string, path: string, init: RequestOptions = {}) => {
    const url = addressOf(options.server, path, init.query);
    const startedAt = performance.now();
    const response = await send(options, url, {
      method,
      headers: {
        accept: 'application/json',
        'accept-language': options.language,
        ...(options.token === null ? {} : { authorization: `Bearer ${options.token}` }),
        ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...init.headers,
      },
      ...(init.body === undefined ? {} : { body: encoded(init.body) }),
      ...(init.signal === undefined ? {} : { signal: init.signal }),
    });
    options.trace?.(`${method} ${url} ${response.status} ${Math.round(performance.now() - startedAt)}ms`);
    if (!response.ok && init.anyStatus !== true) throw await problemOf(response, options, `${method} ${path}`);
    return response;
  };
  const checked = async <T extends z.ZodType>(response: Response, schema: T, what: string): Promise<z.output<T>> => {
    const parsed = schema.safeParse(await jsonOf(response, options.server, what));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw unreadable(options.server, what, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  };
  return {
    server: options.server,
    get: async (path, schema, query) =>
      checked(await request('GET', path, { ...(query === undefined ? {} : { query }) }), schema, `GET ${path}`),
    probe: async (path, schema) => checked(await request('GET', path, { anyStatus: true }), schema, `GET ${path}`),
    post: async (path, body, schema) => checked(await request('POST', path, { body }), schema, `POST ${path}`),
    act: async (path, body) => {
      const response = await request('POST', path, { body });
      await response.arrayBuffer();
    },
    put: async (path, body, { schema, headers }) => {
      const response = await request('PUT', path, { body, ...(headers === undefined ? {} : { headers }) });
      return checked(response, schema, `PUT ${path}`);
    },
    remove: async (path) => {
      const response = await request('DELETE', path);
      await response.arrayBuffer();
    },
    relay: async (path, { body, ...init }) => {
      const response = await request('POST', path, { ...init, ...(body === null ? {} : { body }) });
      return { headers: response.headers, text: await textOf(response, options.server, `POST ${path}`) };
    },
    stream: async (path, init) => {
      const response = await request('GET', path, init);
      if (response.body === null) throw unreadable(options.server, `GET ${path}`, 'the answer has no body');
      return response.body;
    },
  };
}

/** A path segment made of a name that came from the command line. */
export function segment(name: string): string {
  return encodeURIComponent(name);
}

function addressOf(server: string, path: string, query: Query = {}): string {
  const url = new URL(`${server}${path}`);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url.href;
}

async function send(options: ClientOptions, url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (thrown) {
    if (init.signal?.aborted === true) throw thrown;
    throw new FunadeError(
      'FUN_SERVER_UNREACHABLE',
      { server: options.server, reason: reasonOf(thrown) },
      { cause: thrown, next: [{ command: 'npm start' }, { command: 'funade doctor' }] },
    );
  }
}

/** `fetch` says only "fetch failed"; what happened stands in its cause. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  if (cause instanceof AggregateError) return messageOf(cause.errors[0]);
  if (cause instanceof Error)
    return cause.message === '' ? String((cause as NodeJS.ErrnoException).code) : cause.message;
  return messageOf(thrown);
}

async function problemOf(
  response: Response,
  { server, tokenFix }: Pick<ClientOptions, 'server' | 'tokenFix'>,
  what: string,
): Promise<Error> {
  const body = await jsonOf(response, server, what).catch(() => null);
  const parsed = problemView.safeParse(body);
  if (parsed.success) {
    const isOfToken = parsed.data.code === 'FUN_UNAUTHENTICATED' && tokenFix !== undefined;
    return new ProblemError(isOfToken ? { ...parsed.data, fix: tokenFix } : parsed.data, detailsOf(body));
  }
  return unreadable(server, what, `HTTP ${response.status} without problem details`);
}

function detailsOf(body: unknown): Readonly<Record<string, unknown>> {
  const { details } = body as { readonly details?: unknown };
  const isRecord = typeof details === 'object' && details !== null && !Array.isArray(details);
  return isRecord ? (details as Readonly<Record<string, unknown>>) : {};
}

function encoded(body: object): string | Uint8Array<ArrayBuffer> {
  return body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body);
}

async function jsonOf(response: Response, server: string, what: string): Promise<unknown> {
  try {
    return await response.json();
  } catch (thrown) {
    throw unreadable(server, what, messageOf(thrown));
  }
}

async function textOf(response: Response, server: string, what: string): Promise<string> {
  try {
    return await response.text();
  } catch (thrown) {
    throw unreadable(server, what, messageOf(thrown));
  }
}

function unreadable(server: string, request: string, reason: string): FunadeError {
  return new FunadeError('FUN_SERVER_ANSWER_UNREADABLE', { server, request, reason });
}
