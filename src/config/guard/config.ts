import { LANGUAGES } from '../../kernel/index.ts';
import { LOG_LEVELS } from '../server/model.ts';
import {
  type ReadSettings,
  durationOf,
  oneOf,
  sizeOf,
  text,
  textOrNull,
  texts,
  valueOf,
  whole,
} from '../server/reading.ts';
import type { GuardSetting } from './load.ts';
import {
  GUARD_PROFILES,
  type GuardConfig,
  POLICY_MODES,
  type PolicyMode,
  type PolicyName,
  REPLICA_MODES,
} from './model.ts';
import type { GuardOptionName } from './options.ts';

type Settings = ReadSettings<GuardOptionName>;

/** What was read and checked, as the rest of the guard has it. */
export function guardConfigOf(byName: ReadonlyMap<GuardOptionName, GuardSetting>): GuardConfig {
  const settings: Settings = { byName };
  return {
    profile: oneOf(GUARD_PROFILES, settings, 'profile'),
    language: oneOf(LANGUAGES, settings, 'language'),
    logLevel: oneOf(LOG_LEVELS, settings, 'logLevel'),
    rules: {
      mode: oneOf(REPLICA_MODES, settings, 'mode'),
      existingViolations: oneOf(['allow', 'deny'], settings, 'existingViolations'),
      keda: oneOf(['ignore', 'warn', 'deny'], settings, 'keda'),
      onUncertain: oneOf(['deny', 'allow'], settings, 'onUncertain'),
      retryAfterSeconds: whole(settings, 'retryAfterSeconds'),
      exemptScalers: texts(settings, 'exemptScalers'),
      policies: policiesOf(settings),
    },
    skipNamespaces: texts(settings, 'skipNamespaces'),
    namespace: textOrNull(settings, 'namespace'),
    bypassGroups: texts(settings, 'bypassGroups'),
    server: {
      host: text(settings, 'server.host'),
      port: whole(settings, 'server.port'),
      healthPort: whole(settings, 'server.healthPort'),
      certificates: text(settings, 'server.certificates'),
      bodyLimit: sizeOf(settings, 'server.bodyLimit'),
      maxConnections: whole(settings, 'server.maxConnections'),
      headersTimeoutMs: durationOf(settings, 'server.headersTimeout'),
      requestTimeoutMs: durationOf(settings, 'server.requestTimeout'),
      deadlineMs: durationOf(settings, 'server.deadline'),
      endpointDelayMs: durationOf(settings, 'server.endpointDelay'),
      graceMs: durationOf(settings, 'server.grace'),
    },
    cluster: {
      url: textOrNull(settings, 'cluster.url'),
      kubeconfig: textOrNull(settings, 'cluster.kubeconfig'),
      silenceMs: durationOf(settings, 'cluster.silence'),
      inFlightMs: durationOf(settings, 'cluster.inFlight'),
      pageSize: whole(settings, 'cluster.pageSize'),
    },
    audit: {
      enabled: valueOf(settings, 'audit.enabled') === true,
      intervalMs: durationOf(settings, 'audit.interval'),
    },
    funade: { url: textOrNull(settings, 'funade.url'), token: textOrNull(settings, 'funade.token') },
    webhook: {
      replicas: whole(settings, 'webhook.replicas'),
      failurePolicy: oneOf(['Ignore', 'Fail'], settings, 'webhook.failurePolicy'),
      timeoutSeconds: whole(settings, 'webhook.timeoutSeconds'),
    },
    origins: Object.fromEntries([...byName].map(([name, setting]) => [name, setting.origins])),
  };
}

function policiesOf(settings: Settings): Readonly<Record<PolicyName, PolicyMode>> {
  const mode = (name: PolicyName): PolicyMode => oneOf(POLICY_MODES, settings, `policies.${name}`);
  return {
    singleReplicaUnderHpa: mode('singleReplicaUnderHpa'),
    hpaAllowsSingleReplica: mode('hpaAllowsSingleReplica'),
    duplicateHpa: mode('duplicateHpa'),
    imageWithoutDigest: mode('imageWithoutDigest'),
    imageNotReleased: mode('imageNotReleased'),
    resourcesMissing: mode('resourcesMissing'),
    privilegedContainer: mode('privilegedContainer'),
    rootContainer: mode('rootContainer'),
    readinessProbeMissing: mode('readinessProbeMissing'),
    disruptionBudgetNeverSatisfied: mode('disruptionBudgetNeverSatisfied'),
  };
}
