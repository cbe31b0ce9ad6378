import { type Clock, FunadeError, type Logger } from '../kernel/index.ts';
import type { Db } from '../store/index.ts';
import type { MetricsProvider, ReleaseCatalog, RolloutListener, Target } from './port.ts';

export interface EngineDependencies {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly targets: ReadonlyMap<string, Target>;
  readonly metrics: ReadonlyMap<string, MetricsProvider>;
  readonly catalog: ReleaseCatalog;
  readonly listener: RolloutListener;
}

/** The adapter that an environment names; another one is never taken in its place. */
export function targetOf(dependencies: Pick<EngineDependencies, 'targets'>, id: string): Target {
  const target = dependencies.targets.get(id);
  if (target === undefined)
    throw new FunadeError('FUN_TARGET_UNKNOWN', { target: id, known: [...dependencies.targets.keys()].join(', ') });
  return target;
}
