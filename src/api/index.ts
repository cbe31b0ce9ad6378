export {
  type Access,
  type Denial,
  type Identity,
  type NewToken,
  allows,
  atLeast,
  createAccess,
} from './access/index.ts';
export type { ApiApp } from './app.ts';
export { type Metrics, createMetrics } from './metrics.ts';
export type { ComponentHealth, HealthSource, RawHandler, Readiness } from './port.ts';
export { type Api, type ApiOptions, createApi } from './server.ts';
export { type ControlPlane } from './control-plane.ts';
export { functionResourcesOf } from './functions/index.ts';
export { createRateLimit } from './rate-limit.ts';
export { resourcesOf } from './resources/index.ts';
