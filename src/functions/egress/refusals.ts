import { showHost } from './host-name.ts';
import type { EgressRule } from './port.ts';
import type { EgressTarget } from './request-target.ts';

/** Why a request did not get through, as the function and its log are told. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly status: number;
  readonly code: RefusalCode;
  /** Host, port and reason, and nothing that differs from one try to the next: the log is quiet about what it has told. */
  readonly detail: string;
  readonly fix: string;
}

type RefusalCode =
  | 'EGRESS_DENIED'
  | 'EGRESS_FORBIDDEN_ADDRESS'
  | 'EGRESS_MALFORMED'
  | 'EGRESS_TOO_MANY_CONNECTIONS'
  | 'EGRESS_UNRESOLVED'
  | 'EGRESS_UNREACHABLE'
  | 'EGRESS_TIMEOUT';

const SHOWN_RULES = 20;

export function denied(target: EgressTarget, rules: readonly EgressRule[]): Refusal {
  const host = showHost(target);
  return {
    kind: 'refusal',
    status: 403,
    code: 'EGRESS_DENIED',
    detail: `${host} is not among the hosts that this function may reach: ${listOf(rules)}.`,
    fix: `Add "${host}" to the function's egress list, if it needs it.`,
  };
}

/** `reason` of `isForbiddenAddress`. The address stays untold: a function shall not read internal names through us. */
export function forbiddenAddress(target: EgressTarget, reason: string): Refusal {
  return {
    kind: 'refusal',
    status: 403,
    code: 'EGRESS_FORBIDDEN_ADDRESS',
    detail: `${showHost(target)} leads to an address that no function may reach: ${reason}.`,
    fix: 'Functions reach public addresses only. Put a public endpoint before the service.',
  };
}

export function tooManyConnections(target: EgressTarget, limit: number): Refusal {
  return {
    kind: 'refusal',
    status: 503,
    code: 'EGRESS_TOO_MANY_CONNECTIONS',
    detail: `${showHost(target)} was not reached: this function has ${limit} connections to the outside, which is the limit.`,
    fix: 'Close connections that are not needed any more, or use them again.',
  };
}

/** The connection was closed without an answer. */
export function tooManyClients(limit: number): Refusal {
  return {
    kind: 'refusal',
    status: 503,
    code: 'EGRESS_TOO_MANY_CONNECTIONS',
    detail: `A connection was closed: this function has ${limit} connections to its proxy, which is the limit.`,
    fix: 'Close connections that are not needed any more, or use them again.',
  };
}

/** `cause` is the code of the system's error. */
export function unresolved(target: EgressTarget, cause: string): Refusal {
  return {
    kind: 'refusal',
    status: 502,
    code: 'EGRESS_UNRESOLVED',
    detail: `The name ${target.host} can't be resolved: ${cause}.`,
    fix: 'Look for a typing error in the name, and whether it exists in the public DNS.',
  };
}

/** `cause` is the code of the system's error. */
export function unreachable(target: EgressTarget, cause: string): Refusal {
  return {
    kind: 'refusal',
    status: 502,
    code: 'EGRESS_UNREACHABLE',
    detail: `The connection to ${showHost(target)} failed: ${cause}.`,
    fix: 'See whether the service is up and listens on this port.',
  };
}

export function timedOut(target: EgressTarget, what: string): Refusal {
  return {
    kind: 'refusal',
    status: 504,
    code: 'EGRESS_TIMEOUT',
    detail: `${showHost(target)} ${what}.`,
    fix: 'See whether the service is up and a firewall lets this machine reach it.',
  };
}

/** `status` is 400, or one that says more. */
export function malformed(problem: string, status = 400): Refusal {
  return {
    kind: 'refusal',
    status,
    code: 'EGRESS_MALFORMED',
    detail: `The proxy got a request that it can't read: ${problem}.`,
    fix: 'Use CONNECT host:port, or http://host/path for plain HTTP.',
  };
}

/** The body of an answer. */
export function bodyOf({ code, detail, fix }: Refusal): string {
  return `${JSON.stringify({ code, detail, fix })}\n`;
}

function listOf(rules: readonly EgressRule[]): string {
  if (rules.length === 0) return 'none';
  const shown = rules.slice(0, SHOWN_RULES).map((rule) => showHost(rule));
  const more = rules.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}
