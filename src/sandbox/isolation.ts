import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { FunadeError } from '../kernel/index.ts';
import { namespaceArguments } from './bubblewrap.ts';
import type { Isolation, IsolationTier } from './port.ts';

const PLACES = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap'];
const PROBE_TIMEOUT = 5000;

export type Detected = Isolation &
  ({ readonly tier: 'bubblewrap'; readonly program: string } | { readonly tier: 'process' });

/**
 * Finds out by running it once whether bubblewrap works here: it may be installed and still not be allowed to make
 * namespaces (containers, AppArmor). A forced tier that does not work is refused with `FUN_ISOLATION_UNAVAILABLE`.
 */
export function detectIsolation(forced: IsolationTier | undefined, program = PLACES.find(existsSync)): Detected {
  if (forced === 'process') return { tier: 'process', reason: 'isolation was turned off for this server' };
  const detected = probe(program);
  if (forced === 'bubblewrap' && detected.tier !== 'bubblewrap') {
    throw new FunadeError('FUN_ISOLATION_UNAVAILABLE', { what: 'commands', reason: detected.reason });
  }
  return detected;
}

function probe(program: string | undefined): Detected {
  if (program === undefined) return { tier: 'process', reason: 'bubblewrap is not installed' };
  const options = { encoding: 'utf8', env: {}, timeout: PROBE_TIMEOUT } as const;
  const args = [...namespaceArguments('none'), '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'];
  const result = spawnSync(program, [...args, '--', '/bin/sh', '-c', 'exit 0'], options);
  if (result.status === 0) {
    const version = spawnSync(program, ['--version'], options).stdout.trim();
    return { tier: 'bubblewrap', program, reason: `${version} works at ${program}` };
  }
  const reason = result.error?.message ?? (result.stderr.trim() || `it ended with ${result.status ?? result.signal}`);
  return { tier: 'process', reason: `bubblewrap is installed at ${program} but does not work: ${reason}` };
}
