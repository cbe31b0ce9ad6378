import { type Access, allows, createAccess, createRateLimit } from '../api/index.ts';
import type { ServerConfig } from '../config/index.ts';
import type { LambdaAccess, LambdaCaller } from '../functions/index.ts';
import type { Clock, Logger } from '../kernel/index.ts';
import { type Db, type SecretStore, createSecretStore, readSecretsKey } from '../store/index.ts';

const MINUTE = 60_000;

/** Who may do what, and the values that nobody may read; both stand on the one key. */
export async function openIdentities(options: {
  readonly config: ServerConfig;
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the data directory's secrets. */
  readonly folder: string;
}): Promise<{ readonly access: Access; readonly secrets: SecretStore }> {
  const { config, db, clock, logger } = options;
  const key = await readSecretsKey(options.folder, config.secrets.key);
  return {
    access: createAccess({ db, clock, logger, accessKeySeed: key, jwt: config.functions.jwt }),
    secrets: createSecretStore({ db, key, clock }),
  };
}

/** Who may call functions with `auth: token` over HTTP. */
export function mayCall(access: Access) {
  return async (token: string): Promise<boolean> => callerOf(await access.authenticate(token)) !== null;
}

function callerOf(identity: Awaited<ReturnType<Access['authenticate']>>): LambdaCaller | null {
  return identity !== null && allows(identity, 'execute:all') ? identity : null;
}

/** Who may call functions over the API of AWS Lambda. */
export function lambdaAccess(access: Access): LambdaAccess {
  return {
    secretOf: access.secretOfKey,
    callerOfKey: async (id) => callerOf(await access.identityOfKey(id)),
    callerOfToken: async (token) => callerOf(await access.authenticate(token)),
  };
}

/** How often one token may call functions, and look them up. */
export function functionRates({ limits }: ServerConfig['functions'], clock: Clock) {
  return {
    execute: createRateLimit({ clock, limit: limits.executePerMinute, windowMs: MINUTE }),
    read: createRateLimit({ clock, limit: limits.readPerMinute, windowMs: MINUTE }),
  };
}
