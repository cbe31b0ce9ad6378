import { type Clock, FunadeError } from '../../kernel/index.ts';
import { type Db, type Trx, transaction } from '../database.ts';
import { type NewEvent, appendEvent } from '../events.ts';
import { type SecretCipher, type Whereabouts, createSecretCipher, isSameCheck } from './cipher.ts';
import {
  type SealedVersion,
  type SecretVersion,
  countSealed,
  currentSealed,
  currentVersions,
  findVersions,
  insertVersion,
  lockKeyCheck,
  markRemoved,
  newestVersion,
  replaceKeyCheck,
} from './store.ts';

/** A secret as it may be shown. */
export interface SecretEntry {
  readonly name: string;
  /** `null`: of every environment that has none of its own. */
  readonly environment: string | null;
  readonly version: number;
  readonly setBy: string;
  /** Epoch milliseconds. */
  readonly setAt: number;
}

/** A version of a secret that a release or version of a function stays with. */
export interface SecretPin {
  readonly environment: string | null;
  readonly version: number;
}

/** By name. */
export type SecretPins = Readonly<Record<string, SecretPin>>;

/** A secret with its value; null: it can't be decrypted. */
export interface OpenedSecret extends SecretEntry {
  readonly app: string;
  readonly value: string | null;
}

export interface SecretScope {
  readonly app: string;
  readonly environment: string | null;
}

/** Values for applications and functions (`app` is either's name): encrypted, versioned, never shown. */
export interface SecretStore {
  /**
   * Makes sure that the key is the one that the stored secrets were encrypted with; `FUN_SECRETS_KEY_CHANGED` when it is not.
   * Where nothing is stored yet, the key becomes that one.
   */
  verifyKey(): Promise<void>;
  /** Stores a value as the next version, unless the newest one has it already. */
  set(
    secret: SecretScope & { readonly name: string; readonly value: string; readonly by: string },
  ): Promise<SecretEntry>;
  list(filter: { readonly app: string }): Promise<readonly SecretEntry[]>;
  /** The newest versions of several applications at once. One that can't be decrypted does not keep the others from being read. */
  openAll(apps: readonly string[]): Promise<readonly OpenedSecret[]>;
  /** No new pin finds it; what is pinned stays readable. `FUN_NOT_FOUND` */
  remove(secret: SecretScope & { readonly name: string; readonly by: string }): Promise<void>;
  /**
   * The newest versions, those of the environment before those of all. `FUN_SECRET_MISSING` names every one that is not there.
   */
  pin(scope: SecretScope, names: readonly string[]): Promise<SecretPins>;
  /** The pinned values, also of versions that were replaced or removed. `FUN_SECRET_GONE`, `FUN_SECRET_UNREADABLE` */
  resolve(app: string, pins: SecretPins): Promise<ReadonlyMap<string, string>>;
}

const EVERYWHERE = '';

export function createSecretStore(options: {
  readonly db: Db;
  /** 32 bytes, the same in every process. */
  readonly key: Buffer;
  readonly clock: Clock;
}): SecretStore {
  const { db, clock } = options;
  const cipher = createSecretCipher(options.key);

  return {
    verifyKey: () => transaction(db, (trx) => requireSameKey(trx, cipher)),

    set: ({ value, by, ...scope }) =>
      transaction(db, async (trx) => {
        await requireSameKey(trx, cipher);
        const place = { ...scope, environment: scope.environment ?? EVERYWHERE };
        const newest = await newestVersion(trx, place);
        if (newest?.removedAt === null && cipher.open(newest.ciphertext, newest) === value) return entryOf(newest);
        const next = { ...place, version: (newest?.version ?? 0) + 1 };
        const at = new Date(clock.now());
        await insertVersion(trx, { ...next, ciphertext: cipher.seal(value, next), by, at });
        await appendEvent(trx, eventOf('secret.set', scope, by, { version: next.version }));
        return entryOf({ ...next, setBy: by, setAt: at });
      }),

    list: async ({ app }) => (await currentVersions(db, app)).map(entryOf),

    openAll: async (apps) =>
      (await currentSealed(db, apps)).map((row) => ({
        ...entryOf(row),
        app: row.app,
        value: cipher.open(row.ciphertext, row),
      })),

    remove: ({ by, ...scope }) =>
      transaction(db, async (trx) => {
        const place = { ...scope, environment: scope.environment ?? EVERYWHERE };
        const removed = await markRemoved(trx, { ...place, by, at: new Date(clock.now()) });
        if (removed === 0) {
          const where = scope.environment === null ? scope.name : `${scope.name} (${scope.environment})`;
          throw new FunadeError('FUN_NOT_FOUND', {
            kind: 'secret',
            id: where,
            list: `funade secret list ${scope.app}`,
          });
        }
        await appendEvent(trx, eventOf('secret.removed', scope, by, {}));
      }),

    pin: async ({ app, environment }, names) => {
      if (names.length === 0) return {};
      const current = await currentVersions(db, app);
      const find = (name: string, where: string) =>
        current.find((row) => row.name === name && row.environment === where);
      const found = names.map((name) => find(name, environment ?? EVERYWHERE) ?? find(name, EVERYWHERE));
      const missing = names.filter((_, index) => found[index] === undefined);
      if (missing.length > 0) throw missingSecrets({ app, environment }, missing);
      return Object.fromEntries(found.flatMap((row) => (row === undefined ? [] : [[row.name, pinOf(row)] as const])));
    },

    resolve: async (app, pins) => {
      const names = Object.keys(pins);
      if (names.length === 0) return new Map();
      const rows = await findVersions(db, app, names);
      return new Map(Object.entries(pins).map(([name, pin]) => [name, valueOf(rows, { app, name, pin })] as const));
    },
  };

  function valueOf(
    rows: readonly SealedVersion[],
    { app, name, pin }: { readonly app: string; readonly name: string; readonly pin: SecretPin },
  ): string {
    const row = rows.find(
      (each) =>
        each.name === name && each.environment === (pin.environment ?? EVERYWHERE) && each.version === pin.version,
    );
    if (row === undefined) throw new FunadeError('FUN_SECRET_GONE', { app, name, version: pin.version });
    const value = cipher.open(row.ciphertext, row);
    if (value === null) throw new FunadeError('FUN_SECRET_UNREADABLE', { app, name, version: pin.version });
    return value;
  }
}

async function requireSameKey(trx: Trx, cipher: SecretCipher): Promise<void> {
  const stored = await lockKeyCheck(trx, cipher.keyCheck);
  if (isSameCheck(stored, cipher.keyCheck)) return;
  const count = await countSealed(trx);
  if (count > 0) throw new FunadeError('FUN_SECRETS_KEY_CHANGED', { count });
  await replaceKeyCheck(trx, cipher.keyCheck); // nothing is lost with a key that nothing was encrypted with
}

function missingSecrets({ app, environment }: SecretScope, names: readonly string[]): FunadeError {
  const where = environment === null ? app : `${app} (${environment})`;
  const next = names.map((name) => ({ command: `funade secret set ${app} ${name}` }));
  return new FunadeError('FUN_SECRET_MISSING', { app, where, names: names.join(', ') }, { next });
}

function eventOf(kind: string, scope: SecretScope & { readonly name: string }, actor: string, data: NewEvent['data']) {
  const { app, environment, name } = scope;
  return { kind, app, environment: environment ?? undefined, subject: name, actor, data };
}

function pinOf({ environment, version }: Whereabouts): SecretPin {
  return { environment: environment === EVERYWHERE ? null : environment, version };
}

function entryOf(row: Omit<SecretVersion, 'removedAt'>): SecretEntry {
  return { name: row.name, ...pinOf(row), setBy: row.setBy, setAt: row.setAt.getTime() };
}
