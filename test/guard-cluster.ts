import { type FakeKubernetesApi, type FakeKubernetesOptions, startKubernetesApi } from './fakes/kubernetes-api.ts';

export interface FakeClusterOptions {
  readonly cluster?: FakeKubernetesOptions;
  /** Objects that are there, or trouble that is, before anybody connects. */
  readonly before?: (cluster: FakeKubernetesApi) => void | Promise<void>;
}

/** A fake API server in the state in which a test begins. */
export async function prepareCluster({ cluster: options, before }: FakeClusterOptions): Promise<FakeKubernetesApi> {
  const cluster = await startKubernetesApi(options);
  await before?.(cluster);
  return cluster;
}
