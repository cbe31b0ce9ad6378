export { DEFAULT_OUTPUT_CAP } from './command-output.ts';
export { credentialPaths } from './credential-paths.ts';
export type {
  Command,
  CommandEnd,
  CommandOutcome,
  CommandRequest,
  Isolation,
  IsolationTier,
  OutputStream,
  Sandbox,
  Worker,
  WorkerExit,
  WorkerRequest,
} from './port.ts';
export { type SandboxOptions, createSandbox } from './sandbox.ts';
