export { type AgentDefaults, type AgentSettings, agentSettings } from './agent-settings.ts';
export type {
  AgentProjectConfig,
  AnalysisConfig,
  AppConfig,
  ApproveStageConfig,
  BlueGreenConfig,
  CanaryConfig,
  CanaryStep,
  DeployStageConfig,
  EnvironmentConfig,
  FunctionConfig,
  MetricConfig,
  RollingConfig,
  RunStageConfig,
  RuntimeName,
  SmokeConfig,
  StageConfig,
  StrategyConfig,
  TriggerConfig,
  VerifyStageConfig,
} from './app/model.ts';
export type { KnownNames } from './app/context.ts';
export { type FunctionSettings, parseFunctionConfig, readFunctionSettings } from './app/function-config.ts';
export { parseAgentSection } from './app/agent-section.ts';
export { configHash } from './app/hash.ts';
export { expandReferences, referencesIn } from './app/references.ts';
export { appConfigJsonSchema } from './app/json-schema.ts';
export { type ParseOptions, parseAppConfig } from './app/parse.ts';
export { appConfigTemplate } from './app/template.ts';
export { processEnvironment } from './environment.ts';
export { describeGuardConfig } from './guard/describe.ts';
export { type ReadDirectory } from './guard/directory.ts';
export { guardConfigTemplate } from './guard/example.ts';
export { type GuardLoadOptions, loadGuardConfig } from './guard/load.ts';
export {
  GUARD_PROFILES,
  type GuardConfig,
  type GuardProfile,
  type GuardRules,
  POLICY_NAMES,
  type PolicyMode,
  type PolicyName,
  REPLICA_MODES,
  type ReplicaMode,
} from './guard/model.ts';
export type { GuardOption } from './guard/option.ts';
export { type GuardOptionName, guardOptions } from './guard/options.ts';
export { readDirectoryIfThere } from './guard/read-directory.ts';
export { matchesPattern } from './patterns.ts';
export { type ClientConfig, listenAddress, loadClientConfig, loadServerConfig, roleAskedFor } from './server/config.ts';
export { type SettingRow, describeServerConfig } from './server/describe.ts';
export { agentSettingsExample } from './server/example.ts';
export type { LoadOptions } from './server/load.ts';
export {
  type Origin,
  type Secret,
  type AgentBudget,
  type AgentConfig,
  type AgentLabels,
  type GithubAppConfig,
  type McpServerConfig,
  type ModelConfig,
  type ModelProvider,
  type RabbitConfig,
  type ServerConfig,
  type ServerRole,
} from './server/model.ts';
export { type OptionKind, type OptionName, type ServerOption, serverOptions } from './server/options.ts';
export { podApiOf } from './guard/pod-api.ts';
export { attributeOf } from './server/given.ts';
export type { SettingOption } from './server/option.ts';
