import { type Forge, type ForgeCredentials, type ForgeWebhook, forgeWebhooks, webHostOf } from '../../forges/index.ts';
import type { Clock, Logger } from '../../kernel/index.ts';
import type { Db, SecretStore } from '../../store/index.ts';
import type { ActiveSource, ConfiguredSource, SourceDirectory } from './port.ts';
import { type AddedSecret, type Vault, readVaults } from './secrets.ts';
import { type SourceRow, selectRepositories, selectSources } from './store.ts';
import { createTroubleLog, troublesOf } from './troubles.ts';

/** Requests that nobody could verify may have the sources read again: once a second, and so often in a row. */
const REFRESH_EVERY_MS = 1000;
const REFRESHES_IN_A_ROW = 5;

/** Addresses of the forges' public APIs, for sources that name none. */
export const PUBLIC_API = { github: 'https://api.github.com', gitlab: 'https://gitlab.com/api/v4' } as const;

const NOTHING: Vault = { secrets: [], token: null, unreadable: [], isTokenUnreadable: false };
const NOTHING_ADDED = { added: [], unreadable: [], hasAddedToken: false, troubles: [] } as const;

/** A source at work, and what is told of it but not needed for work. */
export interface KnownSource extends ActiveSource {
  readonly origin: 'config' | 'added';
  /** Those that were added, the newest first. */
  readonly added: readonly AddedSecret[];
  /** Added ones whose stored value can't be decrypted; `added` has those whose value is known from before. */
  readonly unreadable: Vault['unreadable'];
  /** Its token was added, not configured. */
  readonly hasAddedToken: boolean;
  /** What is wrong with the source itself, as codes. */
  readonly troubles: readonly string[];
}

export interface Directory extends SourceDirectory {
  all(): readonly KnownSource[];
  get(name: string): KnownSource | undefined;
  /** Reads them again now. */
  load(): Promise<void>;
  /** Reads them again unless what is known was read within these milliseconds. */
  loadOnceIn(ms: number): Promise<void>;
  /** Host of the forge's pages, as addresses of repositories have it. */
  hostOf(source: KnownSource): string;
}

export interface DirectoryOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly secrets: SecretStore;
  readonly configured: readonly ConfiguredSource[];
  readonly createForge: (source: {
    readonly forge: 'github' | 'gitlab';
    readonly apiUrl: string;
    readonly credentials: ForgeCredentials;
  }) => Forge;
}

export function createDirectory(options: DirectoryOptions): Directory {
  const { db, clock, configured } = options;
  let known: ReadonlyMap<string, KnownSource> = byName(configured.map(fromConfiguration));
  const clients = new Map<string, { readonly key: string; readonly forge: Forge }>();
  let reading: Promise<void> | null = null;
  let readAt = -Infinity;
  const logTroubles = createTroubleLog(options.logger);
  const mayRefresh = createAllowance(clock);

  async function read(): Promise<void> {
    const startedAt = clock.now();
    const [rows, repositories] = await Promise.all([selectSources(db), selectRepositories(db)]);
    const added = rows.filter(({ name }) => configured.every((source) => source.name !== name));
    const faulty = new Set(added.filter((row) => understood(row) === null).map(({ name }) => name));
    const sources = [...configured.map(fromConfiguration), ...added.flatMap(baseOf)];
    const names = sources.map(({ name }) => name);
    const vaults = await readVaults(options.secrets, names);
    const complete = sources.map((source) => {
      const vault = vaults.get(source.name) ?? NOTHING;
      const own = repositories.filter((row) => row.source === source.name && row.added_by !== null);
      return completed(source, {
        vault: withKnown(vault, known.get(source.name)),
        repositories: own.map((row) => row.full_name),
        isRowFaulty: faulty.has(source.name),
      });
    });
    known = byName(complete);
    readAt = startedAt;
    const lost = [...faulty].filter((name) => !known.has(name)).map((name) => [name, ['row_unreadable']] as const);
    logTroubles(new Map([...lost, ...complete.map(({ name, troubles }) => [name, troubles] as const)]));
  }

  /** A row that can't be understood leaves its source as it was known, and the others alone. */
  function baseOf(row: SourceRow): readonly KnownSource[] {
    const source = understood(row);
    if (source !== null) return [source];
    const before = known.get(row.name);
    return before === undefined ? [] : [fromRow(before.name, before.forge, before.apiUrl)];
  }

  function begin(): Promise<void> {
    reading = read().finally(() => {
      reading = null;
    });
    return reading;
  }

  function forgeOf(name: string): Forge | null {
    const source = known.get(name);
    if (source === undefined || source.credentials === null) return null;
    const { forge, apiUrl, credentials } = source;
    const key = JSON.stringify([forge, apiUrl, credentials]);
    const client = clients.get(name);
    if (client?.key === key) return client.forge;
    const made = options.createForge({ forge, apiUrl, credentials });
    clients.set(name, { key, forge: made });
    return made;
  }

  function hostOf({ forge, apiUrl }: KnownSource): string {
    return webHostOf(forge, apiUrl);
  }

  async function load(): Promise<void> {
    await reading?.catch(() => {}); // it may have missed what the caller knows of; what begins after it can't
    await (reading ?? begin());
  }

  return {
    all: () => [...known.values()],
    get: (name) => known.get(name),
    load,
    loadOnceIn: async (ms) => {
      const age = clock.now() - readAt;
      if (age < 0 || age >= ms) await load();
    },
    refresh: async () => {
      await reading?.catch(() => {});
      if (reading === null && !mayRefresh()) return false;
      await (reading ?? begin());
      return true;
    },
    forgeOf,
    hostOf,
    homeOf: (host) => {
      const there = [...known.values()].filter((source) => hostOf(source) === host);
      return (
        there.toSorted((left, right) => rank(left) - rank(right) || (left.name < right.name ? -1 : 1))[0]?.name ?? null
      );
    },
  };
}

function createAllowance(clock: Clock): () => boolean {
  let left = REFRESHES_IN_A_ROW;
  let at = clock.now();
  return () => {
    const now = clock.now();
    left = Math.min(REFRESHES_IN_A_ROW, left + Math.max(0, now - at) / REFRESH_EVERY_MS);
    at = now;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}

function rank({ credentials, origin }: KnownSource): number {
  return (credentials === null ? 2 : 0) + (origin === 'config' ? 0 : 1);
}

function byName(sources: readonly KnownSource[]): ReadonlyMap<string, KnownSource> {
  return new Map(sources.map((source) => [source.name, source]));
}

function fromConfiguration(source: ConfiguredSource): KnownSource {
  return { ...source, webhook: webhookOf(source.forge), origin: 'config', ...NOTHING_ADDED };
}

function fromRow(name: string, forge: KnownSource['forge'], apiUrl: string | null): KnownSource {
  return {
    name,
    forge,
    webhook: webhookOf(forge),
    apiUrl: apiUrl ?? PUBLIC_API[forge],
    origin: 'added',
    secrets: [],
    credentials: null,
    repositories: [],
    ...NOTHING_ADDED,
  };
}

/** Null: it is of a forge, or has an address, that nobody can work with. */
function understood({ name, forge, api_url: apiUrl }: SourceRow): KnownSource | null {
  if (forge !== 'github' && forge !== 'gitlab') return null;
  return apiUrl === null || URL.canParse(apiUrl) ? fromRow(name, forge, apiUrl) : null;
}

/** What can't be read now has the value that was read before, when there was one. What was removed is gone. */
function withKnown(vault: Vault, before: KnownSource | undefined): Vault {
  if (before === undefined) return vault;
  const kept = before.added.filter(({ label, kind }) =>
    vault.unreadable.some((each) => each.label === label && each.kind === (kind ?? 'secret')),
  );
  const { credentials } = before;
  const isTokenKept = vault.isTokenUnreadable && before.hasAddedToken && credentials?.kind === 'token';
  return {
    ...vault,
    secrets: [...vault.secrets, ...kept].toSorted((left, right) => right.since - left.since),
    token: isTokenKept ? credentials.token : vault.token,
  };
}

function completed(
  source: KnownSource,
  stored: { readonly vault: Vault; readonly repositories: readonly string[]; readonly isRowFaulty: boolean },
): KnownSource {
  const { vault, repositories, isRowFaulty } = stored;
  const { secrets: added, token, unreadable } = vault;
  const credentials = source.credentials ?? (token === null ? null : { kind: 'token' as const, token });
  return {
    ...source,
    added,
    unreadable,
    hasAddedToken: source.credentials === null && token !== null,
    secrets: [...source.secrets, ...added],
    credentials,
    repositories: [...new Set([...source.repositories, ...repositories])],
    troubles: troublesOf({ apiUrl: source.apiUrl, credentials }, vault, isRowFaulty),
  };
}

function webhookOf(forge: string): ForgeWebhook {
  const webhook = forgeWebhooks.get(forge);
  if (webhook === undefined) throw new Error(`no webhooks of ${forge} can be received`);
  return webhook;
}
