import { type AgentProjectConfig, type AgentSettings, agentSettings, parseAgentSection } from '../../config/index.ts';
import type { Fault } from '../../kernel/index.ts';
import { readMemory, recordWorkspace } from '../records/store.ts';
import type { TaskRow } from '../store.ts';
import type { Workspace, WorkspaceRequest, Workspaces } from '../workspace/port.ts';
import { bound } from './bound.ts';
import { type Desk, rowOf } from './desk.ts';
import { StaleHolder, unlessInterrupted } from './interruption.ts';
import { type Place, heldBy, keyOf } from './place.ts';
import { type Target, findTarget } from './target.ts';

/** Where an attempt works, by which settings, and what there is to go on with. */
export interface Ground {
  readonly workspace: Workspace;
  readonly target: Target;
  readonly settings: AgentSettings;
  readonly start: Start;
}

export interface Start {
  /** `continue`: an attempt was interrupted, and what it did is here. */
  readonly mode: WorkspaceRequest['mode'];
  /** What the runner saved; null when it begins anew. */
  readonly memory: string | null;
}

export type GroundFound =
  | { readonly kind: 'ground'; readonly ground: Ground }
  | { readonly kind: 'impossible'; readonly reason: string; readonly detail: string | null };

const SETTINGS_FILE = 'funade.yaml';
/** A change that is about the prefix itself may name one by which it would be worked on elsewhere, where the settings name the first again. */
const MOST_LOOKS = 3;

/**
 * Makes the checkout. Its branch is named by the settings, which are read from the commit that the work starts from: another prefix in them
 * takes a second look. Where the looks do not agree, the prefix of the server holds.
 */
export async function prepareGround(desk: Desk, workspaces: Workspaces): Promise<GroundFound> {
  const { place } = desk;
  const task = await rowOf(place);
  const start = await unlessInterrupted(desk.watch.signal, () => startOf(place, workspaces, task));
  const { branchPrefix } = place.means.defaults;
  let prefix = prefixOf(task) ?? branchPrefix;
  for (let looks = 1; ; looks += 1) {
    const found = await findTarget(place, desk.forge, prefix);
    if (found.kind === 'impossible') return { ...found, detail: null };
    const { target } = found;
    const workspace = await prepare(desk, workspaces, { target, start });
    const { read: readFile } = bound(workspace, desk.watch.signal);
    const read = parseAgentSection((await readFile(SETTINGS_FILE)) ?? '', SETTINGS_FILE, {
      language: place.means.language,
    });
    if (!read.ok) return { kind: 'impossible', reason: 'config_invalid', detail: faultsOf(read.error) };
    const settings = settingsOf(place, read.value);
    if (settings.branchPrefix === prefix || looks === MOST_LOOKS) {
      await note(place, { workspace, branch: target.branch });
      return { kind: 'ground', ground: { workspace, target, settings: { ...settings, branchPrefix: prefix }, start } };
    }
    prefix = looks + 1 === MOST_LOOKS ? branchPrefix : settings.branchPrefix;
  }
}

/** What the branch of an earlier attempt begins with. A look by another one would take its checkout away, and what is only there. */
function prefixOf({ branch, kind, number }: TaskRow): string | null {
  if (branch === null) return null;
  const name = `${kind}-${number}`;
  const prefix = branch.endsWith(name) ? branch.slice(0, -name.length) : branch.slice(0, branch.lastIndexOf('/') + 1);
  return prefix === '' ? null : prefix;
}

function settingsOf({ means }: Place, project: AgentProjectConfig | null): AgentSettings {
  return agentSettings(means.defaults, project);
}

/** What was begun goes on where its tree is, or what was pushed of it; all else begins anew. What a plan was made from is remembered. */
async function startOf({ means }: Place, workspaces: Workspaces, task: TaskRow): Promise<Start> {
  const memory = await readMemory(means.db, task.id);
  const isHere = task.workspace === means.worker && (await workspaces.has(task.id));
  if (isHere || task.head_sha !== null) return { mode: 'continue', memory };
  return { mode: 'fresh', memory: task.workspace === null ? memory : null };
}

function prepare(
  { place, forge, watch }: Desk,
  workspaces: Workspaces,
  { target, start }: { readonly target: Target; readonly start: Start },
): Promise<Workspace> {
  const { task } = place;
  const { repository } = keyOf(task);
  const request: WorkspaceRequest = {
    task: task.id,
    host: task.host,
    repository,
    remote: () => forge.gitRemote(repository),
    base: target.base,
    branch: target.branch,
    mode: start.mode,
  };
  return unlessInterrupted(watch.signal, () => workspaces.prepare(request, watch.signal));
}

async function note(
  place: Place,
  { workspace, branch }: { readonly workspace: Workspace; readonly branch: string },
): Promise<void> {
  const { base } = workspace;
  const work = { branch, base: base.branch, baseSha: base.sha, worker: place.means.worker };
  if (!(await recordWorkspace(place.means.db, heldBy(place), work))) throw new StaleHolder();
}

function faultsOf(faults: readonly Fault[]): string {
  return faults
    .map(({ file, line, path, message }) => {
      const at = [file, line].filter((part) => part !== undefined).join(':');
      return [at, path, message].filter((part) => part !== undefined && part !== '').join(' ');
    })
    .join('\n');
}
