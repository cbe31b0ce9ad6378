export type { FetchOptions } from './mirrors.ts';
export { type CommitFacts, type ResolvedRef, type Source, type SourceOptions, createSource } from './source.ts';
