import { type Clock, assertNever } from '../../kernel/index.ts';
import type { Change, Deployment, Hpa } from '../objects/state.ts';
import { type Flight, type Flights, createFlights } from './flights.ts';
import { NO_LABELS, sameDeployment, sameHpa, targetKey } from './sameness.ts';

/**
 * Changes that were allowed and that the watch may not show yet: without them two requests at the same moment could both find
 * the other one absent.
 */
export interface InFlight {
  /** By `keyOf`; groups are namespaces. */
  readonly deployments: Flights<Deployment>;
  /** By `keyOf`; groups are `targetKey`s. */
  readonly hpas: Flights<Hpa>;
  reserve(change: Change): void;
}

export const IN_FLIGHT_LIMIT = 10_000;

export interface InFlightOptions {
  readonly inFlightMs: number;
  readonly clock: Clock;
  /** As the cache keeps them. */
  readonly withLabels: boolean;
  readonly limit?: number;
}

interface Named {
  readonly namespace: string;
  readonly name: string;
}

export function keyOf({ namespace, name }: Named): string {
  return `${namespace}/${name}`;
}

export function createInFlight({ inFlightMs, clock, withLabels, limit = IN_FLIGHT_LIMIT }: InFlightOptions): InFlight {
  const shared = { keyOf, inFlightMs, limit, clock };
  const deployments = createFlights<Deployment>({
    ...shared,
    groupOf: ({ namespace }) => namespace,
    arrived: ({ value, partial }, seen) => (partial ? value.replicas === seen.replicas : sameDeployment(value, seen)),
  });
  const hpas = createFlights<Hpa>({
    ...shared,
    groupOf: ({ target }) => targetKey(target),
    arrived: ({ value }, seen) => sameHpa(value, seen),
  });

  function reserve({ after }: Change): void {
    switch (after.kind) {
      case 'deployment': {
        const value = withLabels ? after.deployment : { ...after.deployment, podLabels: NO_LABELS };
        return deployments.add({ value, partial: false });
      }
      case 'scale':
        return deployments.add({ value: after.deployment, partial: true });
      case 'hpa':
        return hpas.add({ value: after.hpa, partial: false });
      // No rule looks for them in the cluster.
      case 'workload':
      case 'budget':
        return undefined;
      default:
        return assertNever(after);
    }
  }

  return { deployments, hpas, reserve };
}

/** The state into which a flight leads an object that is now as `base`. */
export function landingOf({ value, partial }: Flight<Deployment>, base: Deployment | undefined): Deployment {
  return partial && base !== undefined ? { ...base, replicas: value.replicas } : value;
}
