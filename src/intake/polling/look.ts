import type { Forge, Fresh, Ref, Repository, RepositoryKey } from '../../forges/index.ts';
import { FunadeError, isFunadeError } from '../../kernel/index.ts';
import type { Db } from '../../store/index.ts';
import type { Finding } from '../findings.ts';
import type { AdmissibleEvent } from '../port.ts';
import { type LabelAct, lookForLabels } from './labels.ts';
import type { LookPart, Memory } from './memory.ts';
import type { PolledApplication, PollerOptions } from './port.ts';
import { askAgain } from './redeliver.ts';
import { type RefLook, type RefMove, eventOf, lookForMoves } from './refs.ts';
import { type Claim, type RepositoryId, selectRefs, selectStored } from './store.ts';

/** A repository to be looked at. */
export interface Target extends RepositoryId {
  /** Id of the forge's implementation. */
  readonly forge: 'github' | 'gitlab';
  /** Host of the source's pages. */
  readonly host: string;
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
  /** Labelled subjects that there was no time to ask about. */
  left: number;
  /** What can't be asked, for want of an account. */
  missing: FunadeError | null;
  /** Parts that were asked and answered to the end. */
  answered: readonly LookPart[];
  /** Parts that failed, each for itself. */
  troubles: readonly PartTrouble[];
  /** What ended the whole look. */
  trouble: unknown;
}

export interface PartTrouble {
  readonly part: LookPart;
  readonly thrown: unknown;
}

interface Looking extends LookMeans {
  readonly target: Target;
  readonly learnt: Learnt;
}

/** What is known before anything was asked. */
export function nothingLearnt(claim: Claim): Learnt {
  return {
    projectId: claim.projectId,
    memory: claim.memory,
    redeliveredUntil: claim.redeliveredUntil,
    refs: null,
    found: 0,
    redelivered: 0,
    isSeen: false,
    left: 0,
    missing: null,
    answered: [],
    troubles: [],
    trouble: null,
  };
}

/**
 * One look at a repository: labels, refs, deliveries that failed. Each is kept as soon as it is known, and trouble with one
 * leaves the others as they are.
 */
export async function lookAt(means: LookMeans, target: Target, claim: Claim): Promise<Learnt> {
  const learnt = nothingLearnt(claim);
  learnt.memory = { ...claim.memory, limitedUntil: undefined };
  const looking: Looking = { ...means, target, learnt };
  try {
    await (means.api === null ? lookWithGit(looking) : lookWithApi(looking, means.api, claim));
  } catch (trouble) {
    learnt.trouble = trouble;
  }
  return learnt;
}

async function lookWithApi(looking: Looking, api: Forge, claim: Claim): Promise<void> {
  const { learnt } = looking;
  await askForge(looking, api, claim);
  if (!learnt.troubles.some(({ thrown }) => isNotFound(thrown)) || !(await isAnother(looking, api))) return;
  // Nothing that was remembered is true of it.
  learnt.memory = {};
  learnt.redeliveredUntil = null;
  learnt.answered = [];
  learnt.troubles = [];
  await askForge(looking, api, claim);
}

function isNotFound(thrown: unknown): boolean {
  return isFunadeError(thrown) && thrown.code === 'FUN_FORGE_NOT_FOUND';
}

/** Whether another repository bears the name by now; then its id is learnt. */
async function isAnother({ learnt, target }: Looking, api: Forge): Promise<boolean> {
  const before = learnt.projectId;
  try {
    learnt.projectId = (await api.repository({ id: null, fullName: target.fullName })).id;
  } catch (thrown) {
    if (isNotFound(thrown)) return false;
    throw thrown;
  }
  return learnt.projectId !== before;
}

async function askForge(looking: Looking, api: Forge, { hookId }: Claim): Promise<void> {
  const { learnt, target } = looking;
  learnt.projectId ??= (await api.repository({ id: null, fullName: target.fullName })).id;
  const key: RepositoryKey = { id: learnt.projectId, fullName: target.fullName };
  const about = onceOnly(async () => repositoryOf(await api.repository(key), target));
  const isKnown = learnt.memory.refs?.by === 'api';
  const list = (etag: string | null) => orEmpty(api.listRefs(key, { etag }), isKnown);
  await tryPart(looking, 'labels', (own) => findLabels(own, { api, key, about }));
  await tryPart(looking, 'refs', (own) => findMoves(own, { by: 'api', list, about }));
  if (hookId !== null) await tryPart(looking, 'redelivery', (own) => redeliver(own, { api, key, hookId }));
}

/** Runs one part; false where there was nothing to ask. What concerns the whole account, or the claim, ends the look. */
async function tryPart(looking: Looking, part: LookPart, work: (looking: Looking) => Promise<boolean>): Promise<void> {
  const { learnt } = looking;
  let ended = false;
  const goOn = async () => {
    ended = true;
    await looking.goOn();
    ended = false;
  };
  await looking.goOn();
  try {
    if (await work({ ...looking, goOn })) learnt.answered = [...learnt.answered, part];
  } catch (thrown) {
    if (ended || isOfAccount(thrown)) throw thrown;
    learnt.troubles = [...learnt.troubles, { part, thrown }];
  }
}

function isOfAccount(thrown: unknown): boolean {
  return isFunadeError(thrown) && ['FUN_FORGE_LIMITED', 'FUN_FORGE_LOGIN_REFUSED'].includes(thrown.code);
}

/**
 * GitHub answers 409 for a repository that has no commit yet, and for one that is not ready for the moment: whose refs are
 * known has not lost them all.
 */
async function orEmpty(asking: Promise<Fresh<readonly Ref[]>>, isKnown: boolean): Promise<Fresh<readonly Ref[]>> {
  try {
    return await asking;
  } catch (thrown) {
    const isConflict = isFunadeError(thrown) && thrown.code === 'FUN_FORGE_REJECTED' && thrown.values['status'] === 409;
    if (!isConflict) throw thrown;
    return isKnown ? { kind: 'unchanged' } : { kind: 'changed', value: [], etag: null };
  }
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
): Promise<boolean> {
  const { learnt, label, clock, goOn } = looking;
  const memory = learnt.memory.labels;
  const look = await lookForLabels({ forge: api, repository: key, label, memory, clock, goOn });
  learnt.isSeen = true;
  learnt.left = look.left;
  await keep(looking, look.acts, {
    about,
    idOf: ({ name }) => name,
    eventOf: (act: LabelAct, repository) => act.event(repository),
  });
  learnt.memory = { ...learnt.memory, labels: look.memory };
  rethrow(look.trouble);
  return true;
}

async function findMoves(
  looking: Looking,
  { by, list, about }: Asking & Pick<Parameters<typeof lookForMoves>[0], 'by' | 'list'>,
): Promise<boolean> {
  const { db, learnt, target, clock } = looking;
  if (target.applications.length === 0) {
    // What is not kept up to date would pass for a push later.
    learnt.memory = { ...learnt.memory, refs: undefined };
    return false;
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
  return true;
}

async function redeliver(
  { db, learnt, target, clock, goOn }: Looking,
  { api, key, hookId }: { readonly api: Forge; readonly key: RepositoryKey; readonly hookId: string },
): Promise<boolean> {
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
  if (redelivery === undefined) return false;
  learnt.redelivered += redelivery.count;
  learnt.redeliveredUntil = redelivery.until;
  learnt.memory = { ...learnt.memory, redelivered: redelivery.memory };
  rethrow(redelivery.trouble);
  return true;
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
  const { source, forge, host, fullName } = target;
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
    return { source, forge, host, deliveryId, events: [as.eventOf(thing, repository)] };
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
