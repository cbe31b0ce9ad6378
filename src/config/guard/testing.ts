import type { Fault } from '../../kernel/index.ts';
import { loadGuardConfig } from './load.ts';
import type { GuardConfig } from './model.ts';

/** What a process finds: texts of files and directories by their paths. */
export interface Found {
  readonly flags?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly directories?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export const MOUNTED = '/etc/funade-guard/config';

export function loadFound({ flags = {}, env = {}, files = {}, directories = {} }: Found) {
  return loadGuardConfig({
    flags,
    env,
    readFile: (path) => files[path],
    readDirectory: (path) => (directories[path] === undefined ? undefined : new Map(Object.entries(directories[path]))),
  });
}

export function load(found: Found): GuardConfig {
  const loaded = loadFound(found);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error, null, 2));
  return loaded.value;
}

export function faultsOf(found: Found): readonly Fault[] {
  const loaded = loadFound(found);
  return loaded.ok ? [] : loaded.error;
}

/** `file:line:column message`, or the message alone where it names a flag, a variable or a file of one value. */
export function told(found: Found): readonly string[] {
  return faultsOf(found).map(({ file, line, column, message }) =>
    file === undefined ? message : `${file}:${line}:${column} ${message}`,
  );
}
