export type { Admitted, PlannedAdmission, RefUpdate } from './admission.ts';
export { type ApprovalRow, type DecisionRow, listApprovals, readApproval, readDecisions } from './approvals/store.ts';
export { listReleasesOfArtifact } from './artifacts/store.ts';
export { type Catalog, createCatalog } from './catalog.ts';
export type { ReleasesDependencies } from './dependencies.ts';
export { type LogChunk, readLog } from './logs/store.ts';
export { hasRunEnded } from './pipeline.ts';
export type { Delivery, DeliveryStatus, Members, Probe, StageWait } from './port.ts';
export { type Releases, createReleases } from './releases.ts';
export { remoteOf } from './remote.ts';
export { type Source, createSource } from './source/index.ts';
export {
  type AppRow,
  type ReleaseRow,
  type RunRow,
  type StageRow,
  listApps,
  listReleases,
  listRuns,
  readApp,
  readRelease,
  readReleaseByNumber,
  readReleases,
  readRun,
  readStages,
} from './store.ts';
