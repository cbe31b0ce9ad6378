/** What deploy/guard says, as the API server is to get it. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import type { Json } from './api.ts';

const FOLDER = fileURLToPath(new URL('../../deploy/guard/', import.meta.url));

/** Every object of one folder below deploy/guard; Kustomize's own files apart. */
export async function readManifests(folder: string): Promise<readonly Json[]> {
  const names = await readdir(join(FOLDER, folder));
  const files = names.filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml').sort();
  return (await Promise.all(files.map((name) => readManifestFile(join(folder, name))))).flat();
}

/** Every object of one file below deploy/guard. */
export async function readManifestFile(path: string): Promise<readonly Json[]> {
  return parseAllDocuments(await readFile(join(FOLDER, path), 'utf8'))
    .map((document) => document.toJS() as Json | null)
    .filter((object) => object !== null)
    .filter((object) => typeof object['kind'] === 'string'); // a list of patches is none
}

export async function manifestOf(folder: string, kind: string): Promise<Json> {
  const found = (await readManifests(folder)).filter((object) => object['kind'] === kind);
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`deploy/guard/${folder} has ${found.length} of ${kind}`);
  return only;
}
