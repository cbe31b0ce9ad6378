import { type Result, messageOf } from '../../kernel/index.ts';
import { type FaultList, type Path, type Place, addWithNearest, formatPath } from '../faults.ts';
import { type YamlDocument, readYaml } from '../yaml-document.ts';
import type { Given } from './values.ts';

/** Reads a text file; `undefined` when it does not exist, an exception when it can't be read. */
export type ReadFile = (path: string) => string | undefined;

export interface ConfigFile {
  /** What stands at a path, as it was written; `undefined` when there is nothing. */
  given(path: Path): Given | undefined;
  /** Place of the key at a path. */
  keyPlace(path: Path): Place;
}

interface FileOptions {
  readonly name: string;
  /** Whether somebody asked for this very file. */
  readonly required: boolean;
  /** Names that can stand in it; `null`: commands read only what they need, and leave the rest to the server. */
  readonly known: readonly string[] | null;
  readonly readFile: ReadFile;
  /** Whether a key without a value is handed out as `null`, as a value that is wrong; else it counts as not there. */
  readonly keepsEmpty?: boolean;
  readonly faults: FaultList;
}

/** A file of settings, checked for unknown keys. A file that is not there is `undefined` unless it was asked for. */
export function readConfigFile(options: FileOptions): ConfigFile | undefined {
  const { name, faults } = options;
  const text = readText(options);
  if (!text.ok) {
    if (text.error !== undefined) faults.add('unreadable', { file: name, reason: text.error });
    return undefined;
  }
  if (isBlank(text.value)) return undefined;
  const document = readYaml(text.value, faults);
  if (document === undefined) return undefined;
  if (!isSection(document.value)) {
    const { words, example } = faults.expected('section');
    const found = faults.word(Array.isArray(document.value) ? 'aList' : 'nothing');
    faults.add('wrongValue', { expected: words, found, example }, { place: document.place([]) });
    return undefined;
  }
  const { known, keepsEmpty = false } = options;
  if (known !== null) checkKeys({ document, faults, known }, document.value, []);
  return {
    given: (path) => {
      const given = givenAt(document, name, path);
      return given?.value === null && !keepsEmpty ? undefined : given;
    },
    keyPlace: (path) => document.place(path, 'key'),
  };
}

function readText({ name, required, readFile }: FileOptions): Result<string, string | undefined> {
  try {
    const text = readFile(name);
    if (text !== undefined) return { ok: true, value: text };
    return { ok: false, error: required ? 'ENOENT' : undefined };
  } catch (thrown) {
    return { ok: false, error: messageOf(thrown) };
  }
}

/** A file of comments only sets nothing, which is fine for a server. */
function isBlank(text: string): boolean {
  return text.split('\n').every((line) => /^\s*(?:#.*)?$/.test(line));
}

export function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkKeys(
  context: { readonly document: YamlDocument; readonly faults: FaultList; readonly known: readonly string[] },
  value: Readonly<Record<string, unknown>>,
  path: Path,
): void {
  const { document, faults } = context;
  const prefix = path.length === 0 ? '' : `${formatPath(path)}.`;
  const below = context.known.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const known = [...new Set(below.map((name) => name.split('.')[0] ?? name))];
  for (const [key, inner] of Object.entries(value)) {
    const at = [...path, key];
    if (key.startsWith('x-')) continue;
    const isGroup = below.some((name) => name.startsWith(`${key}.`));
    if (!known.includes(key)) {
      const section = path.length === 0 ? faults.word('top') : formatPath(path);
      const place = document.place(at, 'key');
      addWithNearest(faults, 'unknownKey', { word: key, known, values: { key, section }, path: at, place });
    } else if (isGroup && isSection(inner)) checkKeys(context, inner, at);
    else if (isGroup && inner !== null) {
      const { words, example } = faults.expected('section');
      const found = document.source(at) ?? faults.word('aList');
      faults.add('wrongValue', { expected: words, found, example }, { path: at, place: document.place(at) });
    }
  }
}

function givenAt(document: YamlDocument, file: string, path: Path): Given | undefined {
  let value = document.value;
  for (const part of path) {
    if (Array.isArray(value)) value = value[Number(part)];
    else if (isSection(value) && Object.hasOwn(value, part)) value = value[part];
    else return undefined;
  }
  if (value === undefined) return undefined;
  const place = document.place(path);
  return { setting: formatPath(path), value, origin: { source: 'file', file, line: place.line }, path, place };
}
