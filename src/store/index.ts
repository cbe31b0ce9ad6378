export {
  type Artifacts,
  type ArtifactsOptions,
  type SealedArtifact,
  createArtifacts,
  createDrafts,
} from './artifacts/index.ts';
export {
  type Connection,
  type DatabaseClock,
  type Db,
  type Trx,
  afterCommit,
  connect,
  databaseNow,
  databaseClock,
  together,
  transaction,
  waitForDatabase,
} from './database.ts';
export { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts';
export {
  type EventFilter,
  type EventFollower,
  type NewEvent,
  type StoredEvent,
  appendEvent,
  appendEvents,
  followEvents,
  lastEventPosition,
  readEvents,
} from './events.ts';
export { type DataDir, openDataDir } from './data-dir.ts';
export { toJson } from './json.ts';
export { migrateToLatest } from './migrate.ts';
export { isStorageFull, isUnreachable } from './pg-errors.ts';
export {
  type OpenedSecret,
  type SecretEntry,
  type SecretPin,
  type SecretPins,
  type SecretScope,
  type SecretStore,
  createSecretStore,
  readSecretsKey,
} from './secrets/index.ts';
