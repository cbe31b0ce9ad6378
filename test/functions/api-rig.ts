import { randomBytes } from 'node:crypto';
import { createAccess, createRateLimit, functionResourcesOf } from '../../src/api/index.ts';
import type { Role, Scope } from '../../src/api/contract/index.ts';
import type { FunctionsOptions } from '../../src/functions/index.ts';
import { silentLogger, systemClock } from '../../src/kernel/index.ts';
import { createSecretStore } from '../../src/store/index.ts';
import { createTestApi } from '../api.ts';
import { type TestDatabase, createTestDatabase } from '../database.ts';
import { type TestHost, removeArtifacts, startTestHost } from './test-host.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, when it is JSON. */
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any -- tests look into whatever came
}

/** What authenticates a request: a role, scopes, a token itself, or nothing. */
export type Who = Role | readonly Scope[] | { readonly token: string } | null;

/** The HTTP API of functions over a real host, on a real port. */
export interface FunctionApiRig {
  readonly database: TestDatabase;
  readonly host: TestHost;
  readonly secrets: ReturnType<typeof createSecretStore>;
  readonly access: ReturnType<typeof createAccess>;
  readonly url: string;
  /** `send('PUT /functions/hello', { body })`, below `/api/v1`, as an owner unless told otherwise. A string or buffer is sent as it is. */
  send(
    call: string,
    sent?: { readonly as?: Who; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> },
  ): Promise<Answer>;
  authorization(who: Who): Promise<string>;
  close(): Promise<void>;
}

export async function createFunctionApiRig(
  options: {
    readonly functions?: Partial<FunctionsOptions>;
    readonly limits?: { readonly execute: number; readonly read: number };
  } = {},
): Promise<FunctionApiRig> {
  const database = await createTestDatabase();
  const { db } = database;
  const [clock, logger, key] = [systemClock, silentLogger, randomBytes(32)];
  const secrets = createSecretStore({ db, key, clock });
  const access = createAccess({ db, clock, logger, accessKeySeed: key });
  const { execute = 0, read = 0 } = options.limits ?? {};
  const limits = {
    execute: createRateLimit({ clock, limit: execute, windowMs: 60_000 }),
    read: createRateLimit({ clock, limit: read, windowMs: 60_000 }),
  };
  const lambdaAccess = {
    secretOf: access.secretOfKey,
    callerOfKey: access.identityOfKey,
    callerOfToken: access.authenticate,
  };
  const lambda = { lambdaAccess, callRate: limits.execute };
  const host = await startTestHost(database, { secrets, ...lambda, ...options.functions });
  const { api, close } = await createTestApi(
    {
      access,
      resources: [functionResourcesOf({ functions: host.functions, limits }, { logger, language: 'en' })],
      fn: host.functions.gateway,
      lambda: host.functions.lambda,
    },
    database,
  );
  const { port } = await api.listen();
  const url = `http://127.0.0.1:${port}`;
  const known = new Map<string, string>();

  async function authorization(who: Who): Promise<string> {
    if (who !== null && typeof who === 'object' && 'token' in who) return `Bearer ${who.token}`;
    const name = JSON.stringify(who);
    const before = known.get(name);
    if (before !== undefined) return before;
    const role: Role = typeof who === 'string' ? who : 'deployer';
    const scopes = typeof who === 'string' || who === null ? undefined : who;
    const made = await access.createToken({ name: `a-${known.size}`, role, scopes, by: 'owner' });
    const header = `Bearer ${made.token}`;
    known.set(name, header);
    return header;
  }

  return {
    database,
    host,
    secrets,
    access,
    url,
    authorization,
    send: async (call, { as = 'owner', body, headers = {} } = {}) => {
      const [method = 'GET', path = ''] = call.split(' ');
      const raw = typeof body === 'string' || Buffer.isBuffer(body);
      const response = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          ...(as === null ? {} : { authorization: await authorization(as) }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, text, body: parsed(text) };
    },
    close: async () => {
      await close();
      await host.stop();
      await removeArtifacts();
      await database.drop();
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
