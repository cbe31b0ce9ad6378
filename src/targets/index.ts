export { createFunctionsTarget } from './functions/index.ts';
export { createEmbeddedMetrics } from './functions/metrics.ts';
export { type NoopEffect, type NoopOptions, type NoopTarget, createNoopMetrics, createNoopTarget } from './noop.ts';
export type { CountsReader, FunctionPlatform, PlatformWrite } from './port.ts';
