import { type Clock, type Logger, systemClock } from '../../kernel/index.ts';
import type { ComponentHealth, GuardMetrics, HealthSource } from '../port.ts';
import type { JsonObject } from '../review/review.ts';
import { type Access, AccessFault } from './access.ts';
import { createAgents } from './agents.ts';
import { type Asked, askedOf, wordsOf } from './asked.ts';
import { type CredentialsSource, createCredentials } from './credentials.ts';
import { type Outgoing, type Sent, eachPiece, exchange, send } from './exchange.ts';
import { createListItems } from './list-items.ts';
import { parseObject, troubleOf } from './status.ts';
import { ApiTrouble, type ApiTroubleReason, isApiTrouble } from './trouble.ts';
import { type WatchLine, refusalOf, watchLines } from './watch-stream.ts';

export interface CallOptions {
  /** Ends the call: deadline or stop. */
  readonly signal: AbortSignal;
  /** Milliseconds for the whole answer, for a watch until it begins. */
  readonly timeoutMs?: number;
}

export interface ListOptions extends CallOptions {
  /** `null`: an item that is too large, or no object. */
  readonly visit: (item: JsonObject | null) => void;
}

export interface WatchOptions extends CallOptions {
  /** Milliseconds without a byte after which the watch is broken off. */
  readonly silenceMs: number;
  /** The server has accepted the watch; there may be no event for long. */
  readonly opened?: () => void;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: JsonObject;
}

/**
 * Calls to the API server, one try each. `path` begins with `/api` and carries its query. Everything but 2xx is thrown as
 * `ApiTrouble`; a token that is not accepted (401) is read anew once before that.
 */
export interface ApiClient extends HealthSource {
  /** Reads the credentials, so that a wrong configuration is told at the start. Throws `AccessFault`. */
  ready(): Promise<void>;
  get(path: string, options: CallOptions): Promise<ApiAnswer>;
  /**
   * One page of a list, taken apart while it arrives: `visit` gets each item. Gives what stands around the items.
   */
  list(path: string, options: ListOptions): Promise<JsonObject>;
  post(path: string, body: JsonObject, options: CallOptions): Promise<ApiAnswer>;
  /** As a JSON merge patch. */
  patch(path: string, body: JsonObject, options: CallOptions): Promise<ApiAnswer>;
  watch(path: string, options: WatchOptions): AsyncIterable<WatchLine>;
  close(): void;
}

export interface ApiClientOptions extends CredentialsSource {
  readonly logger: Logger;
  readonly metrics: Pick<GuardMetrics, 'called'> | null;
  readonly clock?: Clock;
}

const TIMEOUT_MS = 10_000;
/** Of one object; one in etcd has at most 1.5 MiB, as JSON perhaps twice that. */
const OBJECT_LIMIT = 8 * 1024 * 1024;

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: JsonObject;
  readonly options: CallOptions;
}

export function createApiClient({ logger, metrics, clock = systemClock, ...source }: ApiClientOptions): ApiClient {
  const credentials = createCredentials(source, clock);
  const agents = createAgents();
  let reachedAt: number | null = null;
  let trouble: { readonly reason: ApiTroubleReason; readonly at: number } | null = null;

  async function accessOf(asked: Asked, renew: boolean): Promise<Access> {
    try {
      return await (renew ? credentials.renew() : credentials.read());
    } catch (error) {
      if (!(error instanceof AccessFault)) throw error;
      logger.error({ class: 'configuration', fix: error.fix }, error.message);
      throw new ApiTrouble('unreachable', `${wordsOf(asked)}: the credentials can't be read`);
    }
  }

  /** `run` with the credentials of now, and once again with those of the files when they are not accepted. */
  async function accepted<T>(asked: Asked, run: (access: Access) => Promise<T>): Promise<T> {
    try {
      return await run(await accessOf(asked, false));
    } catch (error) {
      if (!(error instanceof ApiTrouble) || error.status !== 401) throw error;
      return run(await accessOf(asked, true));
    }
  }

  function outgoingOf({ method, path, body, options }: Call, access: Access): Outgoing {
    return {
      url: new URL(access.url + path),
      method,
      headers: headersOf(access, method),
      body: body === undefined ? undefined : JSON.stringify(body),
      agent: agents.agentFor(access),
      signal: options.signal,
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      asked: wordsOf(askedOf(method, path)),
    };
  }

  function call(request: Call): Promise<ApiAnswer> {
    const asked = askedOf(request.method, request.path);
    return counted(asked, () =>
      accepted(asked, async (access) => {
        const { status, headers, text } = await exchange(outgoingOf(request, access), OBJECT_LIMIT);
        if (status < 200 || status > 299) throw troubleOf({ status, headers, text }, asked);
        const body = parseObject(text);
        if (body === null) throw new ApiTrouble('malformed', `${wordsOf(asked)}: the answer is no JSON object`);
        return { status, body };
      }),
    );
  }

  /** `isLong`: once it is open, only its signal ends it. */
  function open(request: Call, isLong: boolean): Promise<Sent> {
    const asked = askedOf(request.method, request.path);
    return counted(asked, () =>
      accepted(asked, async (access) => {
        const sent = await send(outgoingOf(request, access));
        const { statusCode: status = 0, headers } = sent.response;
        if (status === 200) {
          if (isLong) sent.untimed();
          return sent;
        }
        throw troubleOf({ status, headers, text: await refusalOf(sent, wordsOf(asked)) }, asked);
      }),
    );
  }

  async function list(path: string, options: ListOptions): Promise<JsonObject> {
    const asked = wordsOf(askedOf('GET', path));
    const sent = await open({ method: 'GET', path, options }, false);
    try {
      const items = createListItems({
        item: (text) => options.visit(parseObject(text)),
        tooLarge: () => options.visit(null),
        limit: OBJECT_LIMIT,
      });
      await eachPiece(sent, items.push);
      const envelope = parseObject(items.end() ?? '');
      if (envelope === null) throw new ApiTrouble('malformed', `${asked}: the answer is no list`);
      return envelope;
    } finally {
      sent.end();
    }
  }

  async function* watch(path: string, options: WatchOptions): AsyncGenerator<WatchLine> {
    const sent = await open({ method: 'GET', path, options }, true);
    options.opened?.();
    yield* watchLines(sent, { silenceMs: options.silenceMs, asked: wordsOf(askedOf('GET', path)) });
  }

  async function counted<T>(asked: Asked, run: () => Promise<T>): Promise<T> {
    const verb = asked.resource === 'events' ? 'event' : asked.verb;
    try {
      const answer = await run();
      reachedAt = clock.now();
      trouble = null;
      metrics?.called(verb, 'ok');
      return answer;
    } catch (error) {
      if (!isApiTrouble(error)) throw error;
      // An answer is an answer, whatever it says: the server is there.
      if (error.status === null) trouble = { reason: error.reason, at: clock.now() };
      else reachedAt = clock.now();
      if (error.reason === 'server_error') trouble = { reason: error.reason, at: clock.now() };
      metrics?.called(verb, error.reason);
      throw error;
    }
  }

  function health(): ComponentHealth {
    return {
      name: 'apiServer',
      ok: reachedAt !== null && trouble === null,
      detail: {
        reached: reachedAt !== null && trouble === null,
        lastAnswerSeconds: reachedAt === null ? null : Math.round((clock.now() - reachedAt) / 1000),
        trouble: trouble?.reason ?? null,
      },
    };
  }

  return {
    ready: async () => {
      await credentials.read();
    },
    get: (path, options) => call({ method: 'GET', path, options }),
    list,
    post: (path, body, options) => call({ method: 'POST', path, body, options }),
    patch: (path, body, options) => call({ method: 'PATCH', path, body, options }),
    watch,
    health,
    close: () => agents.close(),
  };
}

function headersOf({ token }: Access, method: string): Record<string, string> {
  return {
    accept: 'application/json',
    'user-agent': 'funade-guard',
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
    ...(method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {}),
  };
}
