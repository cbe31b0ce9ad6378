import type { Hpa } from '../objects/state.ts';
import type { ManifestFault } from './fault.ts';
import type { Judged, LintOptions } from './lint.ts';
import { type Manifest, isObject } from './manifest.ts';

/** An HPA that names a Deployment which no file holds. */
export interface LonelyHpa {
  readonly manifest: Manifest;
  /** `Deployment/web`, as written. */
  readonly target: string;
  /** The kind is written in other letters: the autoscaler would not find it either. */
  readonly isMiswritten: boolean;
}

const KIND = 'Deployment';

/** HPAs of which the pair was not judged; none while the policy about pairs is off. */
export function lonelyHpas(
  judged: readonly Judged[],
  manifests: readonly Manifest[],
  { config, namespace }: Pick<LintOptions, 'config' | 'namespace'>,
): readonly LonelyHpa[] {
  if (config.rules.policies.singleReplicaUnderHpa === 'off') return [];
  // One that is there but can't be read is told as a fault.
  const known = new Set(
    manifests
      .filter(({ kind }) => kind === KIND)
      .map((each) => JSON.stringify([each.namespace ?? namespace, each.name])),
  );
  return judged.flatMap(({ manifest, state }): readonly LonelyHpa[] => {
    if (state.kind !== 'hpa') return [];
    const { target } = state.hpa;
    const isMeant = target.group === 'apps' && target.kind.toLowerCase() === KIND.toLowerCase();
    const isMiswritten = target.kind !== KIND;
    const isKnown = !isMiswritten && known.has(JSON.stringify([target.namespace, target.name]));
    return !isMeant || isKnown ? [] : [{ manifest, target: `${target.kind}/${target.name}`, isMiswritten }];
  });
}

/** The API server refuses such an HPA, so that no webhook sees it. */
export function maxBelowMin(manifest: Manifest, { minReplicas }: Hpa): ManifestFault | null {
  const { spec } = manifest.object;
  const most = isObject(spec) ? spec['maxReplicas'] : undefined;
  if (typeof most !== 'number' || most >= minReplicas) return null;
  return {
    code: 'maxBelowMin',
    values: { object: `${manifest.kind}/${manifest.name ?? '-'}`, most, least: minReplicas },
    file: manifest.file,
    line: manifest.lineOf(['spec', 'maxReplicas']),
    path: 'spec.maxReplicas',
  };
}
