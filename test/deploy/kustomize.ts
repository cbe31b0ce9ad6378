import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { type Operation, applyPatch } from './json-patch.ts';

/** An object of Kubernetes as a manifest holds it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

interface Kustomization {
  readonly resources?: readonly string[];
  readonly components?: readonly string[];
  readonly namespace?: string;
  readonly labels?: readonly { readonly pairs: Readonly<Record<string, string>> }[];
  readonly images?: readonly { readonly name: string; readonly newName: string; readonly newTag: string }[];
  readonly generatorOptions?: GeneratorOptions;
  readonly configMapGenerator?: readonly {
    readonly name: string;
    readonly namespace?: string;
    readonly files: readonly string[];
    readonly options?: GeneratorOptions;
  }[];
  readonly patches?: readonly {
    readonly target: { readonly kind: string; readonly name: string };
    readonly path?: string;
    readonly patch?: string;
  }[];
}

interface GeneratorOptions {
  readonly disableNameSuffixHash?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

const KNOWN = new Set(
  'apiVersion kind resources components namespace labels images generatorOptions configMapGenerator patches'.split(' '),
);

/**
 * What `kubectl kustomize` makes of a directory, for those features that our manifests use; anything else is an exception.
 * Debian's kubectl of bookworm has Kustomize 2.0.3, which knows neither components nor directories as resources.
 */
export function renderKustomization(directory: string): readonly Manifest[] {
  return build(directory, []);
}

function build(directory: string, inherited: readonly Manifest[]): readonly Manifest[] {
  const kustomization = parse(readFileSync(join(directory, 'kustomization.yaml'), 'utf8')) as Kustomization;
  const unknown = Object.keys(kustomization).filter((key) => !KNOWN.has(key));
  if (unknown.length > 0) throw new Error(`${directory}: this renderer does not know ${unknown.join(', ')}`);
  let objects = [...inherited, ...(kustomization.resources ?? []).flatMap((path) => load(join(directory, path)))];
  for (const component of kustomization.components ?? []) objects = [...build(join(directory, component), objects)];
  const generated = generate(directory, kustomization);
  objects = [...objects, ...generated.map(({ manifest }) => manifest)];
  objects = objects.map((object) => withReferences(object, generated));
  for (const patch of kustomization.patches ?? []) objects = patched(objects, patch, directory);
  for (const { pairs } of kustomization.labels ?? []) objects = objects.map((object) => labelled(object, pairs));
  for (const image of kustomization.images ?? []) objects = objects.map((object) => withImage(object, image));
  const { namespace } = kustomization;
  return namespace === undefined
    ? objects
    : objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
}

function load(path: string): readonly Manifest[] {
  if (!existsSync(path)) throw new Error(`${path} does not exist`);
  if (statSync(path).isDirectory()) return build(path, []);
  return readManifests(readFileSync(path, 'utf8'));
}

/** Every document of a YAML text. */
export function readManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [fault] = document.errors;
    if (fault !== undefined) throw fault;
    const value = document.toJS() as Manifest | null;
    return value === null ? [] : [value];
  });
}

interface Generated {
  readonly name: string;
  readonly manifest: Manifest;
}

function generate(directory: string, kustomization: Kustomization): readonly Generated[] {
  return (kustomization.configMapGenerator ?? []).map(({ name, namespace, files, options = {} }) => {
    const merged = { ...kustomization.generatorOptions, ...options };
    const data = Object.fromEntries(
      files.map((file) => {
        const [key, path] = file.includes('=') ? file.split('=') : [basename(file), file];
        return [key, readFileSync(join(directory, path ?? ''), 'utf8')];
      }),
    );
    const suffix = merged.disableNameSuffixHash === true ? '' : `-${hashOf(data)}`;
    const metadata = {
      name: name + suffix,
      ...(namespace === undefined ? {} : { namespace }),
      ...(merged.labels === undefined ? {} : { labels: merged.labels }),
    };
    return { name, manifest: { apiVersion: 'v1', kind: 'ConfigMap', data, metadata } };
  });
}

/** As Kustomize names a ConfigMap after what it holds, in an alphabet without vowels and look-alikes. */
function hashOf(data: Readonly<Record<string, string>>): string {
  const sorted = Object.fromEntries(Object.entries(data).toSorted(([one], [other]) => (one < other ? -1 : 1)));
  // Without the name, and as Go writes JSON.
  const text = JSON.stringify({ data: sorted, kind: 'ConfigMap', name: '' })
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e')
    .replaceAll('&', '\\u0026');
  const letters: Readonly<Record<string, string>> = { 0: 'g', 1: 'h', 3: 'k', a: 'm', e: 't' };
  const hex = createHash('sha256').update(text).digest('hex').slice(0, 10);
  return hex
    .split('')
    .map((letter) => letters[letter] ?? letter)
    .join('');
}

/** Volumes name a generated ConfigMap by the name it was asked for. */
function withReferences(object: Manifest, generated: readonly Generated[]): Manifest {
  return mapObjects(object, (value) => {
    const reference = value['configMap'] as { readonly name?: string } | undefined;
    const found = generated.find(({ name }) => name === reference?.name);
    if (found === undefined) return value;
    return { ...value, configMap: { ...reference, name: found.manifest.metadata.name } };
  });
}

function withImage(
  object: Manifest,
  image: { readonly name: string; readonly newName: string; readonly newTag: string },
): Manifest {
  return mapObjects(object, (value) =>
    value['image'] === image.name ? { ...value, image: `${image.newName}:${image.newTag}` } : value,
  );
}

type Fields = Readonly<Record<string, unknown>>;

function mapObjects<T>(value: T, change: (object: Fields) => Fields): T {
  if (Array.isArray(value)) return value.map((each: unknown) => mapObjects(each, change)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const inner = Object.entries(value).map(([key, each]) => [key, mapObjects(each as unknown, change)]);
  return change(Object.fromEntries(inner) as Fields) as T;
}

function labelled(object: Manifest, pairs: Readonly<Record<string, string>>): Manifest {
  return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...pairs } } };
}

function patched(
  objects: readonly Manifest[],
  { target, path, patch }: NonNullable<Kustomization['patches']>[number],
  directory: string,
): Manifest[] {
  const text = patch ?? readFileSync(join(directory, path ?? ''), 'utf8');
  const operations = parse(text) as readonly Operation[];
  const isTarget = (object: Manifest): boolean => object.kind === target.kind && object.metadata.name === target.name;
  if (!objects.some(isTarget)) throw new Error(`${directory}: no ${target.kind} ${target.name} to patch`);
  return objects.map((object) => (isTarget(object) ? (applyPatch(object, operations) as Manifest) : object));
}
