import { type Result, err, messageOf, ok } from '../../kernel/index.ts';
import { type FaultList, addWithNearest } from '../faults.ts';
import { type ConfigFile, readConfigFile } from '../server/file.ts';
import type { Given } from '../server/values.ts';
import type { GuardOption } from './option.ts';
import { guardOptions } from './options.ts';

/** Text of each file of a directory by its name; `undefined` when it does not exist, an exception when it can't be read. */
export type ReadDirectory = (path: string) => ReadonlyMap<string, string> | undefined;

/** A mounted ConfigMap: each file is one value, but for `guard.yaml`, which is a file of settings. */
export interface ConfigDirectory {
  given(option: GuardOption): Given | undefined;
  /** `guard.yaml` in it; the files with one value win over it. */
  readonly file: ConfigFile | undefined;
}

interface DirectoryOptions {
  readonly name: string;
  /** Whether somebody asked for this very directory. */
  readonly required: boolean;
  /** Names that can stand in `guard.yaml`. */
  readonly known: readonly string[];
  readonly readDirectory: ReadDirectory;
  readonly faults: FaultList;
}

const FILE = 'guard.yaml';
const settings: readonly GuardOption[] = guardOptions.filter(({ inFile }) => inFile);

export function readConfigDirectory(options: DirectoryOptions): ConfigDirectory | undefined {
  const { faults } = options;
  const name = options.name.replace(/(?<=.)\/+$/, '');
  const read = readTexts({ ...options, name });
  if (!read.ok) {
    faults.add('unreadable', { file: name, reason: read.error });
    return undefined;
  }
  if (read.value === undefined) return undefined;
  const texts = new Map([...read.value].filter(([file]) => !isHidden(file)));
  const pathOf = (file: string): string => `${name}/${file}`;
  checkNames([...texts.keys()], pathOf, faults);
  return {
    given: (option) => givenIn(texts, option, { pathOf, faults }),
    file: fileIn(texts, pathOf(FILE), options),
  };
}

function readTexts({
  name,
  required,
  readDirectory,
}: DirectoryOptions): Result<ReadonlyMap<string, string> | undefined, string> {
  try {
    const texts = readDirectory(name);
    return texts === undefined && required ? err('ENOENT') : ok(texts);
  } catch (thrown) {
    return err(messageOf(thrown));
  }
}

/** `..data` and its kin are how the kubelet swaps all files at once. */
function isHidden(file: string): boolean {
  return file.startsWith('.');
}

function checkNames(files: readonly string[], pathOf: (file: string) => string, faults: FaultList): void {
  const known = settings.flatMap(({ name, env }) => (env === null ? [name] : [name, env]));
  for (const file of files.toSorted()) {
    if (file === FILE || file.startsWith('x-') || known.includes(file)) continue;
    addWithNearest(faults, 'unknownFile', { word: file, known: [...known, FILE], values: { found: pathOf(file) } });
  }
}

function givenIn(
  texts: ReadonlyMap<string, string>,
  option: GuardOption,
  { pathOf, faults }: { readonly pathOf: (file: string) => string; readonly faults: FaultList },
): Given | undefined {
  const found = [option.name, option.env ?? option.name].flatMap((file, index, all): readonly Given[] => {
    const text = all.indexOf(file) === index ? texts.get(file) : undefined;
    if (text === undefined) return [];
    const path = pathOf(file);
    const origin = { source: 'directory', file: path } as const;
    return [{ setting: path, value: text.replace(/\r?\n$/, ''), origin, path: [], place: undefined }];
  });
  const [first, second] = found;
  if (first !== undefined && second !== undefined && first.value !== second.value) {
    faults.add('aliasesDiffer', { setting: first.setting, other: second.setting });
  }
  return first;
}

function fileIn(
  texts: ReadonlyMap<string, string>,
  name: string,
  { known, faults }: DirectoryOptions,
): ConfigFile | undefined {
  const readFile = () => texts.get(FILE);
  return readConfigFile({ name, required: false, known, readFile, keepsEmpty: true, faults: faults.within(name) });
}
