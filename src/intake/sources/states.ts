import { hideUserinfo } from '../../kernel/index.ts';
import type { KnownSource } from './directory.ts';
import type { RepositoryState, SourceState } from './port.ts';
import type { LastDelivery, RepositoryRow, SourceRow } from './store.ts';

/** What is stored about sources, by their names. */
export interface Noted {
  readonly row: SourceRow | undefined;
  readonly repositories: readonly RepositoryRow[];
  readonly lastDelivery: LastDelivery | undefined;
  /** Repositories of applications that belong to it. */
  readonly applications: readonly string[];
}

/** `/webhook/github` for the source of the configuration, `/webhook/github/acme` for an added one. */
export function webhookPathOf({ name, forge, origin }: Pick<KnownSource, 'name' | 'forge' | 'origin'>): string {
  return origin === 'config' ? `/webhook/${name}` : `/webhook/${forge}/${name}`;
}

export function stateOf(source: KnownSource, noted: Noted): SourceState {
  const { row, lastDelivery } = noted;
  const since = new Map(source.added.map((secret) => [secret.label, secret.since]));
  return {
    name: source.name,
    forge: source.forge,
    apiUrl: hideUserinfo(source.apiUrl),
    webhookPath: webhookPathOf(source),
    origin: source.origin,
    credentials: source.credentials?.kind ?? 'none',
    troubles: source.troubles,
    secrets: source.secrets.map(({ label, kind }) => {
      return { label, kind: kind ?? ('secret' as const), since: since.get(label) ?? null };
    }),
    lastDelivery: lastDelivery === undefined ? null : { ...told(lastDelivery), at: lastDelivery.at.getTime() },
    lastFailure:
      row?.last_failure_at == null
        ? null
        : {
            at: row.last_failure_at.getTime(),
            reason: row.last_failure_reason ?? '',
            client: row.last_failure_client,
            count: row.failures,
          },
    repositories: repositoriesOf(source, noted),
  };
}

function told({ id, event, outcome, reason, secretLabel }: LastDelivery) {
  return { id, event, outcome, reason, secretLabel };
}

function repositoriesOf(source: KnownSource, { repositories, applications }: Noted): readonly RepositoryState[] {
  const rows = new Map(repositories.map((row) => [row.full_name, row]));
  const own = new Set(source.repositories.map((name) => name.toLowerCase()));
  const names = [...source.repositories, ...applications.filter((name) => !own.has(name.toLowerCase()))].toSorted();
  return names.map((fullName) => {
    const row = rows.get(fullName);
    return { fullName, origin: originOf(source, fullName, row), ...hookAndPolls(row) };
  });
}

function originOf(source: KnownSource, name: string, row: RepositoryRow | undefined): RepositoryState['origin'] {
  if (!source.repositories.includes(name)) return 'application';
  return row === undefined || row.added_by === null ? 'config' : 'added';
}

function hookAndPolls(row: RepositoryRow | undefined): Omit<RepositoryState, 'fullName' | 'origin'> {
  if (row === undefined) return { hook: null, lastPollAt: null, nextPollAt: null, pollFailure: null };
  return {
    hook:
      row.hook_checked_at === null
        ? null
        : {
            id: row.hook_id,
            url: row.hook_url === null ? null : hideUserinfo(row.hook_url, ''),
            troubles: row.hook_troubles.map((trouble) => hideUserinfo(trouble)),
            checkedAt: row.hook_checked_at.getTime(),
          },
    lastPollAt: row.polled_at?.getTime() ?? null,
    nextPollAt: row.poll_at?.getTime() ?? null,
    pollFailure: row.poll_failure === null ? null : hideUserinfo(row.poll_failure),
  };
}
