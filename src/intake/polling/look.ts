import type { Forge, Ref, Repository, RepositoryKey } from '../../forges/index.ts';
import { FunadeError, isFunadeError } from '../../kernel/index.ts';
import type { Db } from '../../store/index.ts';
import type { Finding } from '../findings.ts';
import type { AdmissibleEvent } from '../port.ts';
import { type LabelAct, lookForLabels } from './labels.ts';
import type { Memory } from './memory.ts';
import type { PolledApplication, PollerOptions } from './port.ts';
import { askAgain } from './redeliver.ts';
import { type RefLook, type RefMove, eventOf, lookForMoves } from './refs.ts';
import { type Claim, type RepositoryId, selectRefs, selectStored } from './store.ts';

/** A repository to be looked at. */
export interface Target extends RepositoryId {
  /** Id of the forge's implementation. */
  readonly forge: 'github' | 'gitlab';
  /** Those that come from it; without any its refs do not matter. */
  readonly applications: readonly PolledApplication[];
}

export interface LookMeans extends Pick<PollerOptions, 'clock' | 'record' | 'label' | 'listRemote'> {
  readonly db: Db;
  /** Null: the source has no account. */
  readonly api: Forge | null;
  /** Holds the claim; throws when it was lost or the process is ending. */
  readonly goOn: () => Promise<void>;
}

/** What a look learnt. It is right also when the look ended early. */
export interface Learnt {
  projectId: string | null;
  memory: Memory;
  redeliveredUntil: number | null;
  refs: RefLook['changes'];
  found: number;
  redelivered: number;
  /** Something was asked and answered. */
  isSeen: boolean;
  /** What can't be asked, for want of an account. */
  missing: FunadeError | null;
  /** What ended it early. */
  trouble: unknown;
}

interface Looking extends LookMeans {
  readonly target: Target;
  readonly learnt: Learnt;
}

/** One look at a repository: labels, refs, deliveries that failed. Each is kept as soon as it is known. */
export async function lookAt(means: LookMeans, target: Target, claim: Claim): Promise<Learnt> {
  const learnt: Learnt = {
    projectId: claim.projectId,
    memory: { ...claim.memory, limitedUntil: undefined },
    redeliveredUntil: claim.redeliveredUntil,
    refs: null,
    found: 0,
    redelivered: 0,
    isSeen: false,
    missing: null,
    trouble: null,
  };
  const looking: Looking = { ...means, target, learnt };
  try {
    await (means.api === null ? lookWithGit(looking) : lookWithApi(looking, means.api, claim));
  } catch (trouble) {
    learnt.trouble = trouble;
  }
  return learnt;
}

async function lookWithApi(looking: Looking, api: Forge, claim: Claim): Promise<void> {
  const { learnt, target } = looking;
  try {
    await askForge(looking, api, claim);
  } catch (thrown) {
    if (!isFunadeError(thrown) || thrown.code !== 'FUN_FORGE_NOT_FOUND' || learnt.projectId === null) throw thrown;
    // Another repository may bear the name by now: nothing that was remembered is true of it.
    const { id } = await api.repository({ id: null, fullName: target.fullName });
    if (id === learnt.projectId) throw thrown;
    learnt.projectId = id;
    learnt.memory = {};
    learnt.redeliveredUntil = null;
    await askForge(looking, api, claim);
  }
}

async function askForge(looking: Looking, api: Forge, { hookId }: Claim): Promise<void> {
  const { learnt, target, goOn } = looking;
  learnt.projectId ??= (await api.repository({ id: null, fullName: target.fullName })).id;
  const key: RepositoryKey = { id: learnt.projectId, fullName: target.fullName };
  const about = onceOnly(async () => repositoryOf(await api.repository(key), target));
  await goOn();
  await findLabels(looking, { api, key, about });
  await goOn();
  await findMoves(looking, { by: 'api', list: (etag) => api.listRefs(key, { etag }), about });
  if (hookId === null) return;
  await goOn();
  await redeliver(looking, { api, key, hookId });
}

/** Without an account only the refs can be asked for, by git itself. */
async function lookWithGit(looking: Looking): Promise<void> {
  const { target, learnt, listRemote } = looking;
  const setting = target.forge === 'github' ? 'GITHUB_PERSONAL_ACCESS_TOKEN' : 'GITLAB_PERSONAL_ACCESS_TOKEN';
  learnt.missing = new FunadeError('FUN_FORGE_NO_CREDENTIALS', { forge: target.forge, source: target.source, setting });
  const address = target.applications.map((application) => application.address).find((each) => each !== null);
  if (address === undefined || listRemote === undefined) return;
  const about = () => Promise.resolve(repositoryBehind(address, target));
  const list = async () => {
    const refs = await listRemote(address);
    return { kind: 'changed', value: asTold(target.forge, refs), etag: null } as const;
  };
  await findMoves(looking, { by: 'git', list, about });
}

const PEELED = '^{}';

/** GitLab tells of an annotated tag by its commit, git by the tag itself, with the commit under a name of its own. */
function asTold(forge: Target['forge'], refs: readonly Ref[]): readonly Ref[] {
  if (forge !== 'gitlab') return refs;
  const commits = new Map(refs.filter(({ ref }) => ref.endsWith(PEELED)).map(({ ref, sha }) => [ref, sha]));
  return refs.map(({ ref, sha }) => ({ ref, sha: commits.get(`${ref}${PEELED}`) ?? sha }));
}

interface Asking {
  readonly about: () => Promise<Repository>;
}

async function findLabels(
  looking: Looking,
  { api, key, about }: Asking & { readonly api: Forge; readonly key: RepositoryKey },
): Promise<void> {
  const { learnt, label, clock, goOn } = looking;
  const memory = learnt.memory.labels;
  const look = await lookForLabels({ forge: api, repository: key, label, memory, now: clock.now(), goOn });
  learnt.isSeen = true;
  await keep(looking, look.acts, {
    about,
    idOf: ({ name }) => name,
    eventOf: (act: LabelAct, repository) => act.event(repository),
  });
  learnt.memory = { ...learnt.memory, labels: look.memory };
  rethrow(look.trouble);
}

async function findMoves(
  looking: Looking,
  { by, list, about }: Asking & Pick<Parameters<typeof lookForMoves>[0], 'by' | 'list'>,
): Promise<void> {
  const { db, learnt, target, clock } = looking;
  if (target.applications.length === 0) {
    // What is not kept up to date would pass for a push later.
    learnt.memory = { ...learnt.memory, refs: undefined };
    return;
  }
  const { refs: memory } = learnt.memory;
  const readBefore = () => selectRefs(db, target);
  const { applications } = target;
  const look = await lookForMoves({ by, list, readBefore, memory, applications, now: clock.now() });
  learnt.isSeen = true;
  const round = look.memory.round;
  await keep(looking, look.moves, {
    about,
    idOf: ({ ref, after }: RefMove) => `${ref}:${after}:${round}`,
    eventOf,
  });
  learnt.refs = look.changes;
  learnt.memory = { ...learnt.memory, refs: look.memory };
}

async function redeliver(
  { db, learnt, target, clock, goOn }: Looking,
  { api, key, hookId }: { readonly api: Forge; readonly key: RepositoryKey; readonly hookId: string },
): Promise<void> {
  const redelivery = await askAgain({
    hooks: api.hooks,
    repository: key,
    hookId,
    since: learnt.redeliveredUntil,
    memory: learnt.memory.redelivered ?? {},
    now: clock.now(),
    isStored: (guids) => selectStored(db, target.source, guids),
    goOn,
  });
  if (redelivery === undefined) return;
  learnt.redelivered += redelivery.count;
  learnt.redeliveredUntil = redelivery.until;
  learnt.memory = { ...learnt.memory, redelivered: redelivery.memory };
  rethrow(redelivery.trouble);
}

/** Stores what was found and not known. All or nothing is remembered: what could not be stored is found again. */
async function keep<T>(
  { db, record, learnt, target }: Looking,
  things: readonly T[],
  as: Asking & {
    /** Names the thing within its repository. */
    readonly idOf: (thing: T) => string;
    readonly eventOf: (thing: T, repository: Repository) => AdmissibleEvent;
  },
): Promise<void> {
  if (things.length === 0) return;
  const { source, forge, fullName } = target;
  const named = things.map((thing) => ({
    thing,
    deliveryId: `poll:${learnt.projectId ?? fullName.toLowerCase()}:${as.idOf(thing)}`,
  }));
  const stored = await selectStored(
    db,
    source,
    named.map(({ deliveryId }) => deliveryId),
  );
  const fresh = named.filter(({ deliveryId }) => !stored.has(deliveryId));
  if (fresh.length === 0) return;
  const repository = await as.about();
  const findings = fresh.map(({ thing, deliveryId }): Finding => {
    return { source, forge, deliveryId, events: [as.eventOf(thing, repository)] };
  });
  let failure: unknown;
  for (const result of await record(findings)) {
    if (result.kind === 'failed') failure ??= result.thrown;
    else if (result.recorded.kind === 'stored') learnt.found += 1;
  }
  rethrow(failure);
}

function rethrow(trouble: unknown): void {
  if (trouble === undefined) return;
  const thrown: unknown = trouble;
  throw thrown;
}

function onceOnly<T>(learn: () => Promise<T>): () => Promise<T> {
  let known: Promise<T> | undefined;
  return () => (known ??= learn());
}

/** The applications' own addresses find them also after the repository was renamed. */
function repositoryOf({ host, id, fullName, cloneUrls }: Repository, { applications }: Target): Repository {
  const own = applications.flatMap(({ address }) => (address === null || holdsSecret(address) ? [] : [address]));
  return { host, id, fullName, cloneUrls: [...new Set([...cloneUrls, ...own])] };
}

function repositoryBehind(address: string, target: Target): Repository {
  const { host } = URL.canParse(address) ? new URL(address) : { host: '' };
  const known: Repository = { host: host === '' ? null : host, id: null, fullName: target.fullName, cloneUrls: [] };
  return repositoryOf(known, target);
}

/** Deliveries are shown to people, passwords are not. */
function holdsSecret(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { username, password, protocol } = new URL(address);
  return password !== '' || (username !== '' && protocol.startsWith('http'));
}
