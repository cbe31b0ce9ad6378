import type { IncomingHttpHeaders } from 'node:http';
import type { TaskUsage } from '../port.ts';
import { retryAt } from './retry-after.ts';

/** Why the model did not answer; of a run, the last word that the provider had. */
export interface ModelTrouble {
  readonly reason: 'model_unreachable' | 'model_limited' | 'model_key_refused' | 'model_not_found';
  readonly detail: string;
  /** Epoch milliseconds before which trying again is of no use. */
  readonly at: number | null;
}

export interface ModelUse {
  /** Used by one answer; at its end, or when the client has gone. */
  readonly onUsage?: (used: Partial<TaskUsage>) => void;
  /** Whether the task's budget has something left. */
  readonly mayGoOn?: () => boolean;
  /** A request was refused because it has not. */
  readonly onUsedUp?: () => void;
}

/** The access of one run to the model. */
export interface ModelAccess {
  readonly token: string;
  /** Path of the unix socket that the proxy listens on. */
  readonly socket: string;
  /** Base URL for a client that reaches the socket over this port of its loopback. */
  urlAt(port: number): string;
  /** Opens the proxy on the loopback of this machine as well, for programs that have no network of their own. */
  loopback(): Promise<number>;
  /** Null when the last request was answered, or none was made. */
  trouble(): ModelTrouble | null;
  /** The token is worth nothing from now on; requests that are under way are cut off. */
  close(): void;
}

const CROWD = 32;

/** What the proxy keeps of an access. */
export interface Session {
  readonly taskId: string;
  readonly use: ModelUse;
  readonly signal: AbortSignal;
  trouble: ModelTrouble | null;
  running: number;
}

export function isCrowded(session: Session): boolean {
  return session.running >= CROWD;
}

/** What a status of the provider means for a run that then fails; null: nothing that is the provider's business. */
export function troubleOf(status: number, headers: IncomingHttpHeaders, now: number): ModelTrouble | null {
  const detail = `the model endpoint answered ${status}`;
  if (status === 401 || status === 403) return { reason: 'model_key_refused', detail, at: null };
  if (status === 404) return { reason: 'model_not_found', detail, at: null };
  if (status === 429 || status === 529) return { reason: 'model_limited', detail, at: retryAt(headers, now) };
  if (status >= 500) return { reason: 'model_unreachable', detail, at: retryAt(headers, now) };
  return null;
}
