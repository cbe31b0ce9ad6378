import { type Forge, type ForgeCredentials, type ForgeWebhook, forgeWebhooks } from '../../forges/index.ts';
import type { Clock } from '../../kernel/index.ts';
import type { Db, SecretStore } from '../../store/index.ts';
import type { ActiveSource, ConfiguredSource, SourceDirectory } from './port.ts';
import { type AddedSecret, readVault } from './secrets.ts';
import { selectRepositories, selectSources } from './store.ts';

/** Requests that nobody could verify may have the sources read again: once a second, and so often in a row. */
const REFRESH_EVERY_MS = 1000;
const REFRESHES_IN_A_ROW = 5;

/** Addresses of the forges' public APIs, for sources that name none. */
export const PUBLIC_API = { github: 'https://api.github.com', gitlab: 'https://gitlab.com/api/v4' } as const;

/** A source at work, and what is told of it but not needed for work. */
export interface KnownSource extends ActiveSource {
  readonly origin: 'config' | 'added';
  /** Those that were added, the newest first. */
  readonly added: readonly AddedSecret[];
  /** Its token was added, not configured. */
  readonly hasAddedToken: boolean;
}

export interface Directory extends SourceDirectory {
  all(): readonly KnownSource[];
  get(name: string): KnownSource | undefined;
  /** Reads them again now. */
  load(): Promise<void>;
  /** Host of the forge's pages, as addresses of repositories have it. */
  hostOf(source: KnownSource): string;
}

export interface DirectoryOptions {
  readonly db: Db;
  readonly clock: Clock;
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
  const mayRefresh = createAllowance(clock);

  async function read(): Promise<void> {
    const [rows, repositories] = await Promise.all([selectSources(db), selectRepositories(db)]);
    const isAdded = (name: string) => configured.every((source) => source.name !== name);
    const sources = [
      ...configured.map(fromConfiguration),
      ...rows
        .filter(({ name }) => isAdded(name))
        .map(({ name, forge, api_url: apiUrl }) => fromRow(name, forge, apiUrl)),
    ];
    const complete = sources.map(async (source): Promise<KnownSource> => {
      const { secrets: added, token } = await readVault(options.secrets, source.name);
      const own = repositories.filter((row) => row.source === source.name && row.added_by !== null);
      return {
        ...source,
        added,
        hasAddedToken: source.credentials === null && token !== null,
        secrets: [...source.secrets, ...added],
        credentials: source.credentials ?? (token === null ? null : { kind: 'token', token }),
        repositories: [...new Set([...source.repositories, ...own.map((row) => row.full_name)])],
      };
    });
    known = byName(await Promise.all(complete));
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

  function hostOf({ name, apiUrl }: KnownSource): string {
    const { host } = new URL(apiUrl);
    return forgeOf(name)?.host ?? (host === 'api.github.com' ? 'github.com' : host);
  }

  return {
    all: () => [...known.values()],
    get: (name) => known.get(name),
    load: async () => {
      await reading?.catch(() => {}); // it may have missed what the caller knows of; what begins after it can't
      await (reading ?? begin());
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
  return { ...source, webhook: webhookOf(source.forge), origin: 'config', added: [], hasAddedToken: false };
}

function fromRow(name: string, forge: string, apiUrl: string | null): KnownSource {
  if (forge !== 'github' && forge !== 'gitlab') throw new Error(`source ${name} is of an unknown forge`);
  return {
    name,
    forge,
    webhook: webhookOf(forge),
    apiUrl: apiUrl ?? PUBLIC_API[forge],
    origin: 'added',
    secrets: [],
    added: [],
    hasAddedToken: false,
    credentials: null,
    repositories: [],
  };
}

function webhookOf(forge: string): ForgeWebhook {
  const webhook = forgeWebhooks.get(forge);
  if (webhook === undefined) throw new Error(`no webhooks of ${forge} can be received`);
  return webhook;
}
