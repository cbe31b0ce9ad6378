import { type Language, formatDuration } from '../../kernel/index.ts';
import { type SettingRow, describeOrigin, shown } from '../server/describe.ts';
import type { Origin } from '../server/model.ts';
import { formatSize } from '../server/sizes.ts';
import type { GuardConfig } from './model.ts';
import { type GuardOptionName, guardOptions } from './options.ts';

/** Where a file of settings is, is no part of the configuration; the origins name it. */
type SettingName = Exclude<GuardOptionName, 'config' | 'configDirectory'>;

/** One row per setting, in the order of the table, for `funade guard config`. Secrets are `***`. */
export function describeGuardConfig(config: GuardConfig, language: Language = config.language): readonly SettingRow[] {
  const values = valuesOf(config);
  return guardOptions.flatMap((option): readonly SettingRow[] => {
    const { name } = option;
    if (name === 'config' || name === 'configDirectory') return [];
    const origins: readonly Origin[] = config.origins[name] ?? [{ source: 'default', follows: null }];
    const origin = origins.map((one) => describeOrigin(one, language)).join(', ');
    return [{ key: name, value: shown(option, values[name]), origin }];
  });
}

function valuesOf(
  config: GuardConfig,
): Readonly<Record<SettingName, string | number | boolean | readonly string[] | null>> {
  const { rules, server, cluster, audit, funade, webhook } = config;
  const { policies } = rules;
  return {
    profile: config.profile,
    language: config.language,
    logLevel: config.logLevel,
    namespace: config.namespace,
    mode: rules.mode,
    existingViolations: rules.existingViolations,
    keda: rules.keda,
    onUncertain: rules.onUncertain,
    retryAfterSeconds: rules.retryAfterSeconds,
    exemptScalers: rules.exemptScalers,
    skipNamespaces: config.skipNamespaces,
    bypassGroups: config.bypassGroups,
    'policies.singleReplicaUnderHpa': policies.singleReplicaUnderHpa,
    'policies.hpaAllowsSingleReplica': policies.hpaAllowsSingleReplica,
    'policies.duplicateHpa': policies.duplicateHpa,
    'policies.imageWithoutDigest': policies.imageWithoutDigest,
    'policies.imageNotReleased': policies.imageNotReleased,
    'policies.resourcesMissing': policies.resourcesMissing,
    'policies.privilegedContainer': policies.privilegedContainer,
    'policies.rootContainer': policies.rootContainer,
    'policies.readinessProbeMissing': policies.readinessProbeMissing,
    'policies.disruptionBudgetNeverSatisfied': policies.disruptionBudgetNeverSatisfied,
    'server.host': server.host,
    'server.port': server.port,
    'server.healthPort': server.healthPort,
    'server.certificates': server.certificates,
    'server.bodyLimit': formatSize(server.bodyLimit),
    'server.maxConnections': server.maxConnections,
    'server.headersTimeout': formatDuration(server.headersTimeoutMs),
    'server.requestTimeout': formatDuration(server.requestTimeoutMs),
    'server.deadline': formatDuration(server.deadlineMs),
    'server.endpointDelay': formatDuration(server.endpointDelayMs),
    'server.grace': formatDuration(server.graceMs),
    'cluster.url': cluster.url,
    'cluster.kubeconfig': cluster.kubeconfig,
    'cluster.silence': formatDuration(cluster.silenceMs),
    'cluster.inFlight': formatDuration(cluster.inFlightMs),
    'cluster.pageSize': cluster.pageSize,
    'audit.enabled': audit.enabled,
    'audit.interval': formatDuration(audit.intervalMs),
    'funade.url': funade.url,
    'funade.token': funade.token,
    'webhook.replicas': webhook.replicas,
    'webhook.failurePolicy': webhook.failurePolicy,
    'webhook.timeoutSeconds': webhook.timeoutSeconds,
  };
}
