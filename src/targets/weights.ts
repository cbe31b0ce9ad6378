import { FunadeError } from '../kernel/index.ts';
import type { TargetContext } from '../rollouts/port.ts';

export interface VersionWeight {
  readonly version: string;
  readonly weight: number;
}

/** Weights of both versions when the candidate gets `weight` percent. Without a stable one it is all or nothing. */
export function weightsFor(context: TargetContext, weight: number): readonly VersionWeight[] {
  const { candidate, stable } = context;
  const isPercent = Number.isInteger(weight) && weight >= 0 && weight <= 100;
  if (!isPercent) throw refuse(`a weight is a whole percent from 0 to 100, not ${weight}`);
  if (stable === null || stable.id === candidate.id) {
    if (weight === 0 || weight === 100) return [{ version: candidate.id, weight }];
    throw refuse(`${candidate.id} is the only version: it takes 0 or 100 %, not ${weight} %`);
  }
  return [
    { version: stable.id, weight: 100 - weight },
    { version: candidate.id, weight },
  ];
}

function refuse(message: string): FunadeError {
  return new FunadeError('FUN_BAD_REQUEST', { count: 1 }, { faults: [{ message, path: 'weight' }] });
}
