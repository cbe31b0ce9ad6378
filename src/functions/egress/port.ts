import type { Socket } from 'node:net';
import type { Clock } from '../../kernel/index.ts';

/** What a function may reach: a host in the spelling of `normaliseHost`, or `*.` and one, and a port. */
export interface EgressRule {
  readonly host: string;
  readonly port: number;
}

/** All addresses of a name, the preferred one first. Rejects when there are none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** Begins to connect. `address` is a literal that was checked; the socket must allow half-open connections. */
export type Connect = (address: string, port: number) => Socket;

/** Times in milliseconds. */
export interface EgressLimits {
  /** Connections to the outside at once, those that are being made included. Twice as many to the proxy itself. */
  readonly connections: number;
  /** For resolving a name and connecting to it, all its addresses together. */
  readonly connectTimeout: number;
  /** Without a byte in either direction. */
  readonly idleTimeout: number;
  /** Without a byte, after one side has said that it is done: the other one may be gone without a word. */
  readonly halfOpenTimeout: number;
  /** For the head of a request. */
  readonly headersTimeout: number;
}

export const EGRESS_LIMITS: EgressLimits = {
  connections: 64,
  connectTimeout: 10_000,
  idleTimeout: 300_000,
  halfOpenTimeout: 60_000,
  headersTimeout: 10_000,
};

export interface EgressProxyOptions {
  readonly rules: readonly EgressRule[];
  /** Is told what was refused and what failed, for the function's log: once a minute for each host, port and reason. */
  log(text: string): void;
  /** Asks the name servers when left out. It is called once per request: what it answers is checked, then connected to. */
  readonly resolve?: Resolve;
  readonly connect?: Connect;
  /** Why an address must not be reached, or null; `isForbiddenAddress` when left out. */
  readonly isForbidden?: (address: string) => string | null;
  readonly limits?: Partial<EgressLimits>;
  readonly clock?: Clock;
}

/** A proxy for one function. */
export interface EgressProxy {
  /** Opens a unix socket, mode 0666, at a path that is free. Who may reach it is decided by its directory. Once only. */
  listen(path: string): Promise<void>;
  /** Ends all connections at once and removes the socket. */
  close(): Promise<void>;
}
