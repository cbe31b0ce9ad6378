import type {
  AppView,
  ApprovalView,
  DeliveryView,
  ProblemView,
  RunView,
  SessionView,
  SourceView,
  SteeringAct,
  TaskLogView,
  TaskView,
} from '../src/api/contract/index.ts';

export type RolloutCommand = 'promote' | 'pause' | 'resume' | 'abort';

export interface Decision {
  readonly decision: 'approve' | 'reject';
  readonly comment: string;
}

export interface DeliveryFilter {
  readonly source: string | null;
  readonly outcome: DeliveryView['outcome'] | null;
}

/** Part of a list; `next` is the cursor of the part after it. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** The server answered with problem details. */
export class ProblemError extends Error {
  readonly problem: ProblemView;

  constructor(problem: ProblemView) {
    super(problem.detail);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/** No answer came, or one that is not Funade's (a proxy's error page, say). `status` is null without an answer. */
export class UnreachableError extends Error {
  readonly status: number | null;

  constructor(status: number | null, cause?: unknown) {
    super('The server could not be reached', { cause });
    this.name = 'UnreachableError';
    this.status = status;
  }
}

const TIMEOUT_MS = 15_000;

interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

async function send(path: string, call: Call): Promise<Response> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const headers: Record<string, string> = {
    accept: 'application/json, application/problem+json',
    // Errors, causes and findings arrive in the language that the reader chose on this page.
    'accept-language': document.documentElement.lang,
  };
  if (call.body !== undefined) headers['content-type'] = 'application/json';
  try {
    return await fetch(`/api/v1${path}`, {
      method: call.method ?? 'GET',
      headers,
      credentials: 'same-origin',
      signal: call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]),
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
  } catch (cause) {
    // A query that nobody waits for any more is cancelled, not failed.
    if (call.signal?.aborted === true) throw cause;
    throw new UnreachableError(null, cause);
  }
}

function contentType(response: Response): string {
  return response.headers.get('content-type')?.split(';')[0]?.trim() ?? '';
}

async function failureOf(response: Response): Promise<Error> {
  if (contentType(response) !== 'application/problem+json') return new UnreachableError(response.status);
  return new ProblemError((await response.json()) as ProblemView);
}

function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  return order<T>(path, { signal });
}

/** A call that answers with a view. */
async function order<T>(path: string, call: Call): Promise<T> {
  const response = await send(path, call);
  if (!response.ok) throw await failureOf(response);
  if (contentType(response) !== 'application/json') throw new UnreachableError(response.status);
  return (await response.json()) as T;
}

async function act(path: string, call: Call): Promise<void> {
  const response = await send(path, call);
  if (!response.ok) throw await failureOf(response);
}

export function isStatus(error: unknown, status: number): boolean {
  return error instanceof ProblemError && error.problem.status === status;
}

/** Who is signed in, or null when nobody is. */
export async function getSession(signal?: AbortSignal): Promise<SessionView | null> {
  try {
    return await read<SessionView>('/session', signal);
  } catch (error) {
    if (isStatus(error, 401)) return null;
    throw error;
  }
}

export function signIn(token: string): Promise<void> {
  return act('/session', { method: 'POST', body: { token } });
}

export function signOut(): Promise<void> {
  return act('/session', { method: 'DELETE' });
}

export async function getApps(signal?: AbortSignal): Promise<readonly AppView[]> {
  return (await read<Page<AppView>>('/apps', signal)).items;
}

/** The newest twenty runs, newest first. */
export async function getRuns(signal?: AbortSignal): Promise<readonly RunView[]> {
  return (await read<Page<RunView>>('/runs?limit=20', signal)).items;
}

export function getRun(id: string, signal?: AbortSignal): Promise<RunView> {
  return read<RunView>(`/runs/${encodeURIComponent(id)}`, signal);
}

export async function getPendingApprovals(signal?: AbortSignal): Promise<readonly ApprovalView[]> {
  return (await read<Page<ApprovalView>>('/approvals?state=pending', signal)).items;
}

export function decide(approvalId: string, decision: Decision): Promise<void> {
  return act(`/approvals/${encodeURIComponent(approvalId)}`, { method: 'POST', body: decision });
}

/** `reason` is required by the page for `abort` only; the server keeps it in the ledger. */
export function commandRollout(rolloutId: string, command: RolloutCommand, reason?: string): Promise<void> {
  return act(`/rollouts/${encodeURIComponent(rolloutId)}/${command}`, {
    method: 'POST',
    body: reason === undefined ? {} : { reason },
  });
}

const PAGE_SIZE = 50;

function pagePath(path: string, filter: Readonly<Record<string, string | null>>): string {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
  for (const [name, value] of Object.entries(filter)) if (value !== null) query.set(name, value);
  return `${path}?${query.toString()}`;
}

/** Newest first. `cursor` is the `next` of the page before, null for the first. */
export function getDeliveries(
  filter: DeliveryFilter,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<Page<DeliveryView>> {
  return read(pagePath('/deliveries', { source: filter.source, outcome: filter.outcome, cursor }), signal);
}

export function getDelivery(id: string, signal?: AbortSignal): Promise<DeliveryView> {
  return read(`/deliveries/${encodeURIComponent(id)}`, signal);
}

/** Answers the new delivery. */
export function replayDelivery(id: string): Promise<DeliveryView> {
  return order(`/deliveries/${encodeURIComponent(id)}/replay`, { method: 'POST' });
}

/** Newest first. */
export function getTasks(
  state: TaskView['state'] | null,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<Page<TaskView>> {
  return read(pagePath('/tasks', { state, cursor }), signal);
}

export function getTask(id: string, signal?: AbortSignal): Promise<TaskView> {
  return read(`/tasks/${encodeURIComponent(id)}`, signal);
}

/** Answers the new task. */
export function retryTask(id: string): Promise<TaskView> {
  return order(`/tasks/${encodeURIComponent(id)}/retry`, { method: 'POST' });
}

/** Answers the task as it then is. */
export function steerTask(id: string, wanted: SteeringAct, reason: string): Promise<TaskView> {
  const body = reason === '' ? {} : { reason };
  return order(`/tasks/${encodeURIComponent(id)}/${wanted}`, { method: 'POST', body });
}

/** What came after this position of the log; 0 for the beginning. */
export function getTaskLog(id: string, after: number, signal?: AbortSignal): Promise<TaskLogView> {
  return read(`/tasks/${encodeURIComponent(id)}/log?after=${after}`, signal);
}

export async function getSources(signal?: AbortSignal): Promise<readonly SourceView[]> {
  return (await read<Page<SourceView>>('/sources', signal)).items;
}
