/** Objects as people apply them, and where the API server keeps them. */
import type { Json } from './api.ts';

export interface DeploymentOptions {
  /** `undefined`: the field is missing. */
  readonly replicas?: number | undefined;
  readonly image?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}

export function deployment(name: string, options: DeploymentOptions = {}): Json {
  const { replicas, image = 'registry.example.com/web:1', annotations, finalizers } = options;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, ...(annotations && { annotations }), ...(finalizers && { finalizers: [...finalizers] }) },
    spec: {
      ...(replicas !== undefined && { replicas }),
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image }] } },
    },
  };
}

export interface HpaOptions {
  /** `undefined`: the field is missing. */
  readonly min?: number | undefined;
  readonly max?: number;
  readonly target?: string;
  readonly targetKind?: string;
  readonly targetVersion?: string;
  /** Of the HPA itself. */
  readonly version?: 'v1' | 'v2' | 'v2beta2';
}

export function hpa(name: string, options: HpaOptions = {}): Json {
  const { min, max = 5, target = name, targetKind = 'Deployment', targetVersion = 'apps/v1', version = 'v1' } = options;
  return {
    apiVersion: `autoscaling/${version}`,
    kind: 'HorizontalPodAutoscaler',
    metadata: { name },
    spec: {
      ...(min !== undefined && { minReplicas: min }),
      maxReplicas: max,
      scaleTargetRef: { apiVersion: targetVersion, kind: targetKind, name: target },
    },
  };
}

/** `/apis/apps/v1/namespaces/shop/deployments/web`; without a name the collection. */
export function pathOf(kind: Kind, namespace: string, name = ''): string {
  const [group, resource] = PLACES[kind];
  return `${group}/namespaces/${namespace}/${resource}${name === '' ? '' : `/${name}`}`;
}

const PLACES = {
  deployment: ['/apis/apps/v1', 'deployments'],
  replicaSet: ['/apis/apps/v1', 'replicasets'],
  hpa: ['/apis/autoscaling/v1', 'horizontalpodautoscalers'],
  hpaV2: ['/apis/autoscaling/v2', 'horizontalpodautoscalers'],
  hpaV2beta2: ['/apis/autoscaling/v2beta2', 'horizontalpodautoscalers'],
  event: ['/api/v1', 'events'],
  pod: ['/api/v1', 'pods'],
} as const;

export type Kind = keyof typeof PLACES;
