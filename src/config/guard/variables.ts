import { type FaultList, addWithNearest } from '../faults.ts';
import type { Environment } from '../server/expand.ts';
import { guardOptions } from './options.ts';

/**
 * Kubernetes gives every pod variables for each Service of its namespace, in the form of Docker's links: a Service `guard`
 * makes GUARD_SERVICE_HOST, GUARD_SERVICE_PORT_HTTPS, GUARD_PORT and GUARD_PORT_443_TCP_ADDR, one named `guard-server` even
 * GUARD_SERVER_PORT. They are no settings, and calling them unknown would keep the guard from starting where
 * `enableServiceLinks` was left on.
 */
const LINK_NAME =
  /^GUARD(?:_\w+)?_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;
/** GUARD_SERVER_PORT is a setting as well; the address in it tells the two apart. */
const LINK_ADDRESS = /^(?:tcp|udp|sctp):\/\//;

/** Variables of the guard's settings: all that start with `GUARD_`, without what Kubernetes puts in. */
export function guardVariables(env: Environment): Environment {
  const own = Object.entries(env).filter(
    ([name, value]) => name.startsWith('GUARD_') && value !== undefined && !isServiceLink(name, value),
  );
  return Object.fromEntries(own);
}

function isServiceLink(name: string, value: string): boolean {
  return LINK_NAME.test(name) || (name.endsWith('_PORT') && LINK_ADDRESS.test(value));
}

export function checkVariables(variables: Environment, faults: FaultList): void {
  const known = guardOptions.flatMap(({ env }) => (env === null ? [] : [env]));
  for (const name of Object.keys(variables).toSorted()) {
    if (known.includes(name)) continue;
    addWithNearest(faults, 'unknownVariable', { word: name, known, values: { found: name } });
  }
}
