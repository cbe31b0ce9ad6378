import {
  type ApprovalView,
  type EnvironmentView,
  approvalView,
  environmentView,
  pageOf,
  runView,
} from '../api/contract/index.ts';
import { FunadeError } from '../kernel/index.ts';
import { choose } from './ask.ts';
import { segment } from './client.ts';
import type { Context } from './context.ts';

/** Ids carry a prefix and an underscore (`run_…`), which a name can't. */
export function isId(name: string): boolean {
  return name.includes('_');
}

/** The named run, the newest run of the named application, or the newest run of all. */
export async function resolveRun(context: Context, name: string | undefined): Promise<string> {
  if (name !== undefined && isId(name)) return name;
  const client = await context.client();
  const { items } = await client.get('/api/v1/runs', pageOf(runView), { app: name, limit: 1 });
  const [newest] = items;
  if (newest !== undefined) return newest.id;
  const kind = kindOf(context, 'kind.run', name);
  const next = name === undefined ? 'funade app list' : `funade ship ${name}`;
  throw new FunadeError('FUN_NOTHING_FITS', { kind }, { next: [{ command: next }] });
}

export interface RolloutSubject {
  readonly id: string;
  /** For people: `greeter production`, or the id. */
  readonly subject: string;
}

/** The rollout that is meant by an id, or the one that runs in the named application and environment. */
export async function resolveRollout(
  context: Context,
  verb: string,
  [name, environment]: readonly (string | undefined)[],
): Promise<RolloutSubject> {
  if (name !== undefined && isId(name)) return { id: name, subject: name };
  const running = (await environmentsOf(context, name, environment)).filter((found) => found.rolloutId !== null);
  return choose(context, {
    kind: kindOf(context, 'kind.rollout', placeOf(name, environment)),
    choices: running.map((found) => ({
      value: { id: found.rolloutId ?? '', subject: `${found.app} ${found.name}` },
      label: `${found.app} ${found.name} ${found.rolloutId ?? ''}`,
      command: `funade ${verb} ${found.app} ${found.name}`,
    })),
    look: [{ command: 'funade status' }, { command: 'funade rollout list' }],
  });
}

/** The environment that is meant; `fits` leaves out those that the act makes no sense for. */
export async function resolveEnvironment(
  context: Context,
  options: {
    readonly verb: string;
    readonly app: string | undefined;
    readonly environment: string | undefined;
    readonly kind: 'kind.environment' | 'kind.hold';
    readonly fits: (environment: EnvironmentView) => boolean;
  },
): Promise<{ readonly app: string; readonly environment: string }> {
  const { verb, app, environment, kind, fits } = options;
  // Both named: nothing to find out; the server says what is wrong with them.
  if (app !== undefined && environment !== undefined) return { app, environment };
  const found = (await environmentsOf(context, app, environment)).filter((candidate) => fits(candidate));
  return choose(context, {
    kind: kindOf(context, kind, placeOf(app, environment)),
    choices: found.map((candidate) => ({
      value: { app: candidate.app, environment: candidate.name },
      label: `${candidate.app} ${candidate.name}${candidate.live === null ? '' : ` v${candidate.live.number}`}`,
      command: `funade ${verb} ${candidate.app} ${candidate.name}`,
    })),
    look: [{ command: 'funade status' }, { command: 'funade app list' }],
  });
}

/** The pending approval with this id, of this run, of this application, or the only one there is. */
export async function resolveApproval(
  context: Context,
  verb: string,
  name: string | undefined,
): Promise<{ readonly id: string; readonly subject: string }> {
  const client = await context.client();
  const { items } = await client.get('/api/v1/approvals', pageOf(approvalView), { state: 'pending' });
  const fitting = items.filter(
    (approval) => name === undefined || [approval.id, approval.runId, approval.app].includes(name),
  );
  // An id that is not pending any more: the server knows what became of it.
  if (fitting.length === 0 && name !== undefined && isId(name)) return { id: name, subject: name };
  return choose(context, {
    kind: kindOf(context, 'kind.approval', name),
    choices: fitting.map((approval) => ({
      value: { id: approval.id, subject: subjectOf(approval) },
      label: subjectOf(approval),
      command: `funade ${verb} ${approval.id}`,
    })),
    look: [{ command: 'funade approval list' }, { command: 'funade status' }],
  });
}

function subjectOf(approval: ApprovalView): string {
  return `${approval.app} v${approval.releaseNumber} → ${approval.target}`;
}

async function environmentsOf(
  context: Context,
  app: string | undefined,
  environment: string | undefined,
): Promise<readonly EnvironmentView[]> {
  const client = await context.client();
  if (app !== undefined && environment !== undefined) {
    return [await client.get(`/api/v1/environments/${segment(app)}/${segment(environment)}`, environmentView)];
  }
  const { items } = await client.get('/api/v1/environments', pageOf(environmentView), { app });
  return items.filter(
    (found) => (app === undefined || found.app === app) && (environment === undefined || found.name === environment),
  );
}

function placeOf(app: string | undefined, environment: string | undefined): string | undefined {
  const place = [app, environment].filter((part) => part !== undefined).join(' ');
  return place === '' ? undefined : place;
}

function kindOf(
  context: Context,
  kind: 'kind.run' | 'kind.rollout' | 'kind.environment' | 'kind.approval' | 'kind.hold',
  place: string | undefined,
): string {
  const word = context.text(kind);
  return place === undefined ? word : context.text('kind.of', { kind: word, place });
}
