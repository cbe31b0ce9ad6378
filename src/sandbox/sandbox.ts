import { existsSync } from 'node:fs';
import type { Logger } from '../kernel/index.ts';
import type { Mount } from './bubblewrap.ts';
import { detectIsolation } from './isolation.ts';
import { createLedger } from './leftovers.ts';
import { createMemoryWatch } from './memory-watch.ts';
import { findSystemMounts } from './mounts.ts';
import type { IsolationTier, Sandbox } from './port.ts';
import { runCommand } from './run-command.ts';
import { startWorker } from './spawn-worker.ts';

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'];

export interface SandboxOptions {
  readonly logger: Logger;
  /** Directory of its own for notes on running processes and for their scratch files; made when it is missing. */
  readonly stateDir: string;
  /** Takes this tier instead of the best one that works here. Throws `FUN_ISOLATION_UNAVAILABLE` when it can't. */
  readonly tier?: IsolationTier;
}

export function createSandbox({ logger, stateDir, tier }: SandboxOptions): Sandbox {
  const isolation = detectIsolation(tier);
  const ledger = createLedger(stateDir, logger);
  let system: Promise<readonly Mount[]> | undefined;
  const means = {
    isolation,
    ledger,
    logger,
    memoryWatch: createMemoryWatch(),
    setpriv: SETPRIV.find((path) => existsSync(path)),
    systemMounts: () => (system ??= findSystemMounts()),
  };
  return {
    isolation: () => ({ tier: isolation.tier, reason: isolation.reason }),
    run: (request) => runCommand(means, request),
    spawnWorker: (request) => startWorker(means, request),
    reapLeftovers: () => ledger.reap(),
  };
}
