import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import {
  type RuntimesView,
  deployFunctionAnswer,
  functionAliasView,
  initializeAnswer,
  runtimesView,
} from '../../../src/api/contract/index.ts';
import { withFolder } from '../folder.ts';
import { jsonRequest } from '../requests.ts';
import { type ServerProcess, startServer } from '../server-process.ts';
import type { FunctionSource, Runtime } from './sources.ts';

/** The alias that functions are called by over HTTP. */
const ALIAS = 'live';

/** A running server, and what its owner can do with functions. */
export interface Platform {
  readonly server: ServerProcess;
  readonly isolation: RuntimesView['isolation'];
  /** Lines of the head of each request. */
  readonly headers: readonly string[];
  /** The version of a runtime on this server; null when it is missing. */
  runtime(name: Runtime): string | null;
  /** Publishes a version; resolves with its number. */
  publish(name: string, source: FunctionSource, config?: object): Promise<number>;
  /** The request that publishes a version. */
  publishRequest(name: string, source: FunctionSource, config?: object): Buffer;
  /** The request that calls one version with an event. */
  invokeRequest(name: string, version: number, event: string): Buffer;
  /** Publishes a version and points the alias to it; resolves with the path that it answers at. */
  deploy(name: string, source: FunctionSource, config?: object): Promise<string>;
  remove(name: string): Promise<void>;
  /** Opens a session of a script; resolves with the path that executes it. */
  openSession(languageTitle: string, script: string): Promise<string>;
}

/** What the server is started with: no limit of calls per token, and code that nobody vouches for runs in any tier. */
const SETTINGS = {
  FUNADE_FUNCTIONS_LIMITS_EXECUTE_PER_MINUTE: '0',
  FUNADE_FUNCTIONS_LIMITS_READ_PER_MINUTE: '0',
  FUNADE_FUNCTIONS_UNTRUSTED: 'allow',
} as const;

/** Runs `work` with a server on an empty data directory. */
export async function withPlatform<T>(profile: string | null, work: (platform: Platform) => Promise<T>): Promise<T> {
  return withFolder(async (dataDir) => {
    const secret = randomBytes(24).toString('hex');
    const server = await startServer({ dataDir, secret, settings: SETTINGS, profile });
    try {
      return await work(await createPlatform(server));
    } finally {
      await server.stop();
    }
  });
}

async function createPlatform(server: ServerProcess): Promise<Platform> {
  const headers = [`Authorization: Bearer ${await server.ownerToken()}`];
  const { isolation, runtimes } = await call('GET', '/runtimes', runtimesView);

  async function call<T extends z.ZodType>(
    method: string,
    path: string,
    schema: T | null,
    sent: { readonly body?: object; readonly title?: string } = {},
  ): Promise<z.infer<T>> {
    const answer = await fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: headers[0]?.slice('Authorization: '.length) ?? '',
        ...(sent.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(sent.title === undefined ? {} : { 'language-title': sent.title }),
      },
      ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return (schema === null ? undefined : schema.parse(JSON.parse(text))) as z.infer<T>;
  }

  async function publish(name: string, source: FunctionSource, config: object = {}): Promise<number> {
    const body = publicationOf(source, config);
    const { version } = await call('PUT', `/functions/${name}`, deployFunctionAnswer, { body });
    return version.number;
  }

  return {
    server,
    isolation,
    headers,
    runtime: (name) => {
      const found = runtimes.find((each) => each.name === name);
      return found?.available === true ? (found.version ?? '') : null;
    },
    publish,
    publishRequest: (name, source, config = {}) =>
      jsonRequest('PUT', {
        ...{ path: `/api/v1/functions/${name}`, headers },
        body: JSON.stringify(publicationOf(source, config)),
      }),
    invokeRequest: (name, version, event) =>
      jsonRequest('POST', {
        ...{ path: `/api/v1/functions/${name}/invocations?qualifier=${version}`, headers },
        body: event,
      }),
    deploy: async (name, source, config) => {
      const version = await publish(name, source, { auth: 'token', route: '/*', ...config });
      await call('PUT', `/functions/${name}/aliases/${ALIAS}`, functionAliasView, { body: { version } });
      await sleep(SETTLE);
      return `/fn/${ALIAS}/${name}/`;
    },
    remove: async (name) => {
      await call('DELETE', `/functions/${name}`, null);
    },
    openSession: async (title, script) => {
      const body = { context: {}, script_content: script };
      const { request_id: id } = await call('POST', '/initialize', initializeAnswer, { body, title });
      return `/api/v1/execute/${id}`;
    },
  };
}

/** Milliseconds for what a deployment leaves to do in the background. */
const SETTLE = 300;

function publicationOf({ runtime, handler, file, text }: FunctionSource, config: object): object {
  return { config: { runtime, handler, ...config }, code: { files: { [file]: text } } };
}
