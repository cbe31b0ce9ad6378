export { DEFAULT_OUTPUT_CAP } from './commands/command-output.ts';
export { credentialPaths } from './commands/credential-paths.ts';
export { type Redactor, createMask, createRedactor } from './commands/redact.ts';
export type {
  Command,
  CommandEnd,
  CommandOutcome,
  CommandRequest,
  Isolation,
  IsolationTier,
  Layer,
  LayerName,
  OutputStream,
  Sandbox,
  Worker,
  WorkerExit,
  WorkerMount,
  WorkerRequest,
} from './port.ts';
export { type SandboxOptions, createSandbox } from './sandbox.ts';
