import type { ManifestFault } from './fault.ts';
import type { SourceText, Sources } from './find-files.ts';
import { isKustomization, patchesOf } from './kustomization.ts';
import { type Manifest, manifestsOf } from './manifest.ts';
import { type ReadDocuments, readDocuments } from './read-documents.ts';

/** Everything that files hold. */
export interface Collected {
  /** Files that were read. */
  readonly files: number;
  readonly manifests: readonly Manifest[];
  readonly faults: readonly ManifestFault[];
  /** Documents that are no objects of Kubernetes. */
  readonly foreign: number;
  /** Files that kustomize would build from. */
  readonly kustomizations: readonly string[];
  /** Files that such a file names as patches; they are not judged. */
  readonly patches: readonly string[];
}

/** Reads the objects of sources, all faults at once. */
export async function collect({ sources, faults: found }: Sources): Promise<Collected> {
  const read = await readAll(sources);
  const faults = [...found, ...read.flatMap(({ content }) => content.faults)];
  const kustomizations = read.filter(({ file }) => isKustomization(file));
  const named = new Set(
    kustomizations.flatMap(({ file, content }) => content.documents.flatMap(({ value }) => patchesOf(file, value))),
  );
  const isPatch = (file: string): boolean => named.has(file);
  const judged = read.filter(({ file }) => !isPatch(file) && !isKustomization(file));
  const manifests = judged.map(({ file, content }) => manifestsOf(file, content.documents));
  return {
    files: sources.length,
    manifests: manifests.flatMap((each) => each.manifests),
    faults: [...faults, ...manifests.flatMap((each) => each.faults)],
    foreign: manifests.reduce((sum, each) => sum + each.foreign, 0),
    kustomizations: kustomizations.map(({ file }) => file),
    patches: read.map(({ file }) => file).filter(isPatch),
  };
}

async function readAll(
  sources: readonly SourceText[],
): Promise<readonly { readonly file: string; readonly content: ReadDocuments }[]> {
  const read = [];
  for (const { file, text } of sources) read.push({ file, content: await readDocuments(file, text) });
  return read;
}
