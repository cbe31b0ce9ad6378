export { type Artifacts, type ArtifactsOptions, type SealedArtifact, createArtifacts } from './artifacts.ts';
