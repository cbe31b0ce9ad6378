export { type Artifacts, type ArtifactsOptions, type SealedArtifact, createArtifacts } from './artifacts.ts';
export { createDrafts } from './drafts.ts';
