import type { Logger } from '../kernel/index.ts';
import { createLedger } from './boxes/leftovers.ts';
import { identify } from './boxes/processes.ts';
import { createTreeWatch } from './boxes/tree-watch.ts';
import { openCgroups } from './cgroups/cgroups.ts';
import { runCommand } from './commands/run-command.ts';
import { detectIsolation } from './isolation/detect.ts';
import { firstUserOf } from './isolation/slots.ts';
import type { IsolationTier, Sandbox } from './port.ts';
import { createSpawner } from './workers/spawner-client.ts';

export interface SandboxOptions {
  readonly logger: Logger;
  /** Directory of its own for notes on running processes and for their scratch files; made when it is missing. */
  readonly stateDir: string;
  /** Takes this tier instead of the best one that works here. Throws `FUN_ISOLATION_UNAVAILABLE` when it can't. */
  readonly tier?: IsolationTier;
}

export function createSandbox({ logger, stateDir, tier }: SandboxOptions): Sandbox {
  const cgroups = openCgroups(identify(process.pid));
  const isolation = detectIsolation({ tier, stateDir, cgroups, firstUser: firstUserOf(stateDir) });
  const ledger = createLedger(stateDir, logger);
  const treeWatch = createTreeWatch();
  const spawner = createSpawner({ isolation, stateDir }, { logger, cleared: cgroups.reap });
  return {
    isolation: () => ({ tier: isolation.tier, reason: isolation.reason, layers: isolation.layers }),
    run: (request) => runCommand({ isolation, cgroups, ledger, treeWatch }, request),
    spawnWorker: spawner.spawn,
    reapLeftovers: async () => (await ledger.reap()) + (await cgroups.reap()),
    close: async () => {
      await spawner.close();
    },
  };
}
