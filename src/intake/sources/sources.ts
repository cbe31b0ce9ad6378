import { FunadeError, type Logger, messageOf, sleep } from '../../kernel/index.ts';
import { appendEvent, transaction } from '../../store/index.ts';
import { checkSecrets } from '../settings.ts';
import { type DirectoryOptions, type KnownSource, PUBLIC_API, createDirectory } from './directory.ts';
import { createFailureNotes } from './failures.ts';
import { faultOf, faultsOfNew, faultsOfRemoval, refuseFaults, withoutSlash } from './faults.ts';
import { installHook, requireForge, wantedHook } from './install.ts';
import type { HookInstalled, NewSource, SourceMade, SourceState, Sources } from './port.ts';
import { type SecretKind, addSecret, emptyVault, newLabel, newValue, removeSecret, setToken } from './secrets.ts';
import { stateOf } from './states.ts';
import {
  addFailures,
  deleteRepositories,
  deleteSource,
  insertRepositories,
  insertSource,
  lockSource,
  noteHook,
  selectLastDeliveries,
  selectRepositories,
  selectSources,
} from './store.ts';

/** What is listed is this old at most. */
const LISTED_MS = 1000;

/** With the time that reading takes, what was removed is not valid for ten seconds more. */
const REFRESH_MS = 8000;

export interface SourcesOptions extends DirectoryOptions {
  readonly logger: Logger;
  /** Where forges reach this server, for hooks; null: not known. */
  readonly webhookUrl: string | null;
  /** Names (`owner/name`) of the repositories on a forge's host (`github.com`) that applications come from. */
  readonly applicationRepositories: (host: string) => Promise<readonly string[]>;
}

/** Builds the sources. Throws FUN_SETTING_INVALID for a weak secret of the configuration. */
export function createSources(options: SourcesOptions): Sources {
  const { db, clock, logger, secrets: store } = options;
  for (const { name, secrets } of options.configured) checkSecrets(name, secrets);
  const directory = createDirectory(options);
  const stopping = new AbortController();
  let following: Promise<void> | undefined;
  let changing: Promise<unknown> = Promise.resolve();

  const notes = createFailureNotes({
    write: (name, { count, last }) => {
      const source = directory.get(name);
      if (source === undefined) return Promise.resolve();
      const isConfigured = source.origin === 'config';
      const { forge } = source;
      return addFailures(db, { name, forge, isConfigured, count, last: { ...last, at: new Date(last.at) } });
    },
    onError: (thrown) =>
      logger.warn({ reason: messageOf(thrown) }, 'Failed to note that deliveries could not be verified.'),
  });

  async function follow(): Promise<void> {
    for (;;) {
      await sleep(REFRESH_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      await directory
        .load()
        .catch((thrown: unknown) => logger.warn({ reason: messageOf(thrown) }, 'Failed to read the sources again.'));
    }
  }

  /**
   * Runs a change of a source while nobody else changes it: two could each remove what the other leaves. The work uses other connections
   * than the one that holds the lock, so a process makes one change after the other: many would take all connections and wait for more.
   */
  function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    const act = () =>
      transaction(db, async (trx) => {
        await lockSource(trx, name);
        return work();
      });
    const result = changing.then(act, act);
    changing = result.catch(() => {});
    return result;
  }

  /** As they are stored now, not as they were remembered: whoever acts must not act on what another process has changed. */
  async function find(name: string): Promise<KnownSource> {
    await directory.load();
    const source = directory.get(name);
    if (source !== undefined) return source;
    throw new FunadeError('FUN_NOT_FOUND', { kind: 'source', id: name, list: 'funade source list' });
  }

  async function states(sources: readonly KnownSource[]): Promise<readonly SourceState[]> {
    const applications = async (source: KnownSource) => {
      const host = directory.hostOf(source);
      return directory.homeOf(host) === source.name ? options.applicationRepositories(host) : [];
    };
    const [rows, repositories, deliveries] = await Promise.all([
      selectSources(db),
      selectRepositories(db),
      selectLastDeliveries(
        db,
        sources.map(({ name }) => name),
      ),
    ]);
    return Promise.all(
      sources.map(async (source) =>
        stateOf(source, {
          row: rows.find(({ name }) => name === source.name),
          repositories: repositories.filter((row) => row.source === source.name),
          lastDelivery: deliveries.find((delivery) => delivery.source === source.name),
          applications: await applications(source),
        }),
      ),
    );
  }

  async function made(name: string, secret: SourceMade['secret']): Promise<SourceMade> {
    const [source] = await states([await find(name)]);
    if (source === undefined) throw new Error(`source ${name} vanished while it was changed`);
    return { source, secret };
  }

  async function add(wanted: NewSource, by: string): Promise<SourceMade> {
    await directory.load();
    const { name, repositories } = wanted;
    const known = directory.get(name);
    refuseFaults(faultsOfNew(wanted, known));
    const forge = known?.forge ?? wanted.forge;
    if (forge === undefined) throw new Error('a source without a forge is a fault');
    const apiUrl = known?.apiUrl ?? withoutSlash(wanted.apiUrl ?? PUBLIC_API[forge]);
    const at = new Date(clock.now());
    const generated =
      wanted.secret === undefined && wanted.signingToken === undefined && (known?.secrets ?? []).length === 0
        ? newValue('secret')
        : undefined;
    const label = newLabel(clock.now());
    const secret = wanted.secret ?? generated;
    await transaction(db, async (trx) => {
      if (known === undefined && !(await insertSource(trx, { name, forge, apiUrl, by, at })))
        refuseFaults([isThereAlready(name)]);
      await insertRepositories(trx, name, repositories, { by, at });
      const added = {
        secrets: [secret, wanted.signingToken].filter((each) => each !== undefined).length,
        token: wanted.token !== undefined,
      };
      await appendEvent(trx, {
        kind: 'source.added',
        subject: name,
        actor: by,
        data: { forge, apiUrl, repositories, ...added },
      });
    });
    if (secret !== undefined) await addSecret(store, name, { kind: 'secret', label, value: secret, by });
    if (wanted.signingToken !== undefined)
      await addSecret(store, name, { kind: 'signing', label, value: wanted.signingToken, by });
    if (wanted.token !== undefined) await setToken(store, name, wanted.token, by);
    return made(name, generated === undefined ? null : { label, value: generated });
  }

  async function rotate(
    name: string,
    change: { readonly secret?: string | undefined; readonly remove?: readonly string[] | undefined },
    by: string,
  ): Promise<SourceMade> {
    const source = await find(name);
    const old = [...new Set(change.remove ?? [])];
    const kind = kindOf(source, change.secret);
    const generated = change.secret === undefined && old.length === 0 ? newValue(kind) : undefined;
    const value = change.secret ?? generated;
    const label = value === undefined ? null : newLabel(clock.now());
    refuseFaults([
      ...faultOf('secret', value, kind === 'signing' ? 'signing' : undefined),
      ...faultsOfRemoval(source, old, label),
    ]);
    if (label !== null && value !== undefined) await addSecret(store, name, { kind, label, value, by });
    for (const secret of storedSecrets(source).filter((each) => old.includes(each.label))) {
      await removeSecret(store, name, { ...secret, by });
    }
    await transaction(db, (trx) =>
      appendEvent(trx, { kind: 'source.rotated', subject: name, actor: by, data: { added: label, removed: old } }),
    );
    return made(name, label === null || generated === undefined ? null : { label, value: generated });
  }

  async function install(
    name: string,
    wanted: { readonly url?: string | undefined; readonly repositories?: readonly string[] | undefined },
    by: string,
  ): Promise<readonly HookInstalled[]> {
    const source = await find(name);
    const hook = wantedHook(source, wanted.url ?? options.webhookUrl);
    const forge = requireForge(source, directory.forgeOf(name));
    const [state] = await states([source]);
    const own = state?.repositories.map(({ fullName }) => fullName) ?? [];
    const chosen = wanted.repositories ?? own;
    refuseFaults(chosen.filter((each) => !own.includes(each)).map((each) => notOfSource(each, name)));
    const rows = (await selectRepositories(db)).filter((row) => row.source === name);
    const installed: HookInstalled[] = [];
    for (const fullName of chosen) {
      const id = rows.find((row) => row.full_name === fullName)?.project_id ?? null;
      const result = await installHook(forge, { id, fullName }, hook);
      const { troubles } = result.installed;
      await noteHook(db, {
        source: name,
        repository: fullName,
        hook: result.hook,
        troubles,
        at: new Date(clock.now()),
      });
      installed.push(result.installed);
    }
    const hooks = installed.map(({ repository, done, troubles }) => ({ repository, done, troubles }));
    await transaction(db, (trx) =>
      appendEvent(trx, { kind: 'source.installed', subject: name, actor: by, data: { url: hook.url, hooks } }),
    );
    return installed;
  }

  async function remove(name: string, repositories: readonly string[], by: string): Promise<void> {
    const source = await find(name);
    if (repositories.length === 0) {
      refuseFaults(source.origin === 'config' ? [configured(name)] : []);
      await emptyVault(store, name, by);
    } else {
      const [state] = await states([source]);
      const added =
        state?.repositories.filter(({ origin }) => origin === 'added').map(({ fullName }) => fullName) ?? [];
      refuseFaults(repositories.filter((each) => !added.includes(each)).map((each) => notAdded(each, name)));
    }
    await transaction(db, async (trx) => {
      if (repositories.length === 0) await deleteSource(trx, name);
      else await deleteRepositories(trx, name, repositories);
      await appendEvent(trx, { kind: 'source.removed', subject: name, actor: by, data: { repositories } });
    });
    await directory.load();
  }

  return {
    directory,
    list: async () => {
      await directory.loadOnceIn(LISTED_MS);
      return states(directory.all());
    },
    add: (wanted, by) => alone(wanted.name, () => add(wanted, by)),
    rotate: (name, change, by) => alone(name, () => rotate(name, change, by)),
    install,
    remove: (name, repositories, by) => alone(name, () => remove(name, repositories, by)),
    noteFailure: notes.note,
    start: async () => {
      await directory.load();
      for (const source of directory.all()) warnOfNoSecret(source, logger);
      following = follow();
    },
    stop: async () => {
      stopping.abort();
      await following;
      await notes.close();
    },
  };
}

/** A source that nothing else says is in use needs no warning: GitLab is always there. */
function warnOfNoSecret(source: KnownSource, logger: Logger): void {
  const { name, forge, origin, secrets, credentials, repositories } = source;
  if (secrets.length > 0 || (name !== 'github' && credentials === null && repositories.length === 0)) return;
  const setting = forge === 'github' ? 'GITHUB_WEBHOOK_SECRET' : 'GITLAB_WEBHOOK_TOKEN';
  const fix = origin === 'config' ? `Set ${setting}, or run` : 'Run';
  logger.warn(
    { source: name },
    `No webhook secret is set for ${name}: every delivery will be refused. ${fix} \`funade source rotate ${name}\`.`,
  );
}

/** A signing token where the text is one, or where the source has nothing else. */
function kindOf(source: KnownSource, secret: string | undefined): SecretKind {
  if (source.forge === 'github') return 'secret';
  if (secret !== undefined) return secret.startsWith('whsec_') ? 'signing' : 'secret';
  return source.secrets.length > 0 && source.secrets.every(({ kind }) => kind === 'signing') ? 'signing' : 'secret';
}

/** Where each is stored: one that can't be decrypted has only its name there. */
function storedSecrets({ added, unreadable }: KnownSource) {
  const readable = added.map(({ label, kind }) => ({ label, kind: kind ?? ('secret' as const) }));
  const isKnown = ({ label, kind }: (typeof unreadable)[number]) =>
    readable.some((each) => each.label === label && each.kind === kind);
  return [...readable, ...unreadable.filter((each) => !isKnown(each))];
}

function isThereAlready(name: string) {
  const fix =
    'Choose another name, or take the row out of the table `sources`: `row_unreadable` in the log tells of it.';
  return { path: 'name', message: `a source ${name} is stored that can not be read`, fix };
}

function notOfSource(repository: string, source: string) {
  const fix = `Add it first: funade source add ${source} --repository ${repository}.`;
  return { path: 'repositories', message: `${repository} is no repository of ${source}`, fix };
}

function notAdded(repository: string, source: string) {
  const fix =
    'Only repositories that were added can be removed: take it out of the configuration, or remove its application.';
  return { path: 'repositories', message: `${repository} was not added to ${source}`, fix };
}

function configured(name: string) {
  const fix = 'Name repositories to remove, or take its secrets out of the configuration.';
  return { path: 'name', message: `the source ${name} is always there`, fix };
}
