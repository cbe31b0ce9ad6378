import type { FaultList } from '../faults.ts';
import { type Environment, expand } from './expand.ts';
import type { ConfigFile } from './file.ts';
import type { SettingOption } from './option.ts';
import type { Given } from './values.ts';

/** Values of the command line by the camel-case name of the flag (`--data-dir` → `dataDir`), as commander has them. */
export type Flags = Readonly<Record<string, string | number | boolean | undefined>>;

export function fromFlags(
  option: SettingOption,
  { flags, faults }: { readonly flags: Flags; readonly faults: FaultList },
): Given | undefined {
  const given = option.flags.flatMap((flag): readonly Given[] => {
    const value = flags[attributeOf(flag)];
    if (value === undefined) return [];
    return [{ setting: flag, value, origin: { source: 'flag', name: flag }, path: [], place: undefined }];
  });
  const [first, second] = given;
  if (first !== undefined && second !== undefined && first.value !== second.value) {
    faults.add('aliasesDiffer', { setting: first.setting, other: second.setting });
  }
  return first;
}

/** `--data-dir` → `dataDir` */
export function attributeOf(flag: string): string {
  return flag.replace(/^--/, '').replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

export function fromEnvironment(option: SettingOption, env: Environment): Given | undefined {
  const value = option.env === null ? undefined : env[option.env];
  if (option.env === null || value === undefined) return undefined;
  const origin = { source: 'environment', name: option.env } as const;
  return { setting: option.env, value, origin, path: [], place: undefined };
}

/** What the file says, expanded; `faulty` when it can't be, which has been told. */
export function fromFile(
  option: SettingOption,
  {
    file,
    env,
    faults,
  }: { readonly file: ConfigFile | undefined; readonly env: Environment; readonly faults: FaultList },
): Given | 'faulty' | undefined {
  const given = option.inFile ? file?.given(option.name.split('.')) : undefined;
  if (given === undefined || option.kind === 'script') return given;
  return expand(given, env, faults) ?? 'faulty';
}
