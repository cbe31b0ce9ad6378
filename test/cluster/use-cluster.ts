import { afterAll, beforeAll } from 'vitest';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { type GuardProcess, type GuardSettings, createGuard } from './guard-process.ts';

const SETUP_WITHIN = 600_000;

export interface Cluster {
  readonly plane: ControlPlane;
  /** A guard that is stopped with the cluster; not started yet. */
  createGuard(settings: GuardSettings): Promise<GuardProcess>;
  /** A guard that is ready. */
  startGuard(settings: GuardSettings): Promise<GuardProcess>;
  /** Something else that has to end before the control plane. */
  onEnd(act: () => Promise<void>): void;
}

/** One control plane for the tests of a file; `setUp` prepares it. */
export function useCluster(setUp: (cluster: Cluster) => Promise<void>): void {
  const ends: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    const plane = await startControlPlane();
    ends.push(() => plane.stop());
    async function makeGuard(settings: GuardSettings): Promise<GuardProcess> {
      const guard = await createGuard(plane, settings);
      ends.push(() => guard.stop());
      return guard;
    }
    await setUp({
      plane,
      createGuard: makeGuard,
      startGuard: async (settings) => {
        const guard = await makeGuard(settings);
        await guard.start();
        return guard;
      },
      onEnd: (act) => void ends.push(act),
    });
  }, SETUP_WITHIN);

  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
  }, SETUP_WITHIN);
}
