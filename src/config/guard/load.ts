import { type Fault, type Language, type Result, err, languageOf, ok } from '../../kernel/index.ts';
import { type FaultList, type Place, createFaultList } from '../faults.ts';
import type { Environment } from '../server/expand.ts';
import { type ConfigFile, readConfigFile } from '../server/file.ts';
import { fromEnvironment, fromFile, fromFlags } from '../server/given.ts';
import type { LoadOptions } from '../server/load.ts';
import { localeIn } from '../server/locale.ts';
import type { Origin } from '../server/model.ts';
import { type Given, type SettingValue, readValue } from '../server/values.ts';
import { guardConfigOf } from './config.ts';
import { checkGuard } from './cross-checks.ts';
import { type ConfigDirectory, type ReadDirectory, readConfigDirectory } from './directory.ts';
import { GUARD_PROFILES, type GuardConfig, type GuardProfile } from './model.ts';
import { namespaceOfPod } from './namespace.ts';
import { type GuardOptionName, type KnownGuardOption, guardOptions } from './options.ts';
import { checkVariables, guardVariables } from './variables.ts';

export interface GuardLoadOptions extends LoadOptions {
  readonly readDirectory: ReadDirectory;
}

export interface GuardSetting {
  readonly option: GuardOptionName;
  readonly value: SettingValue;
  readonly origins: readonly Origin[];
  readonly place?: Place | undefined;
  /** How its giver calls it. */
  readonly label: string;
}

interface Sources extends GuardLoadOptions {
  readonly variables: Environment;
  readonly directory: ConfigDirectory | undefined;
  readonly file: ConfigFile | undefined;
  readonly faults: FaultList;
}

const inFile = guardOptions.filter((option) => option.inFile);
const known = inFile.map(({ name }) => name);

/**
 * Settings of the guard, or every fault in them at once: flag before environment before mounted directory before file before
 * profile before default. Reads nothing but what it is handed.
 */
export function loadGuardConfig(options: GuardLoadOptions): Result<GuardConfig, readonly Fault[]> {
  const language = readersLanguage(options);
  const loaded = loadIn(language, options);
  if (loaded.ok) return loaded;
  // Whoever sets a language in a ConfigMap reads its faults in it; it is known only now.
  const again = loaded.error.language === language ? loaded : loadIn(loaded.error.language, options);
  return again.ok ? again : err(again.error.faults);
}

interface Failure {
  readonly faults: readonly Fault[];
  /** The one that the settings ask for. */
  readonly language: Language;
}

function loadIn(language: Language, options: GuardLoadOptions): Result<GuardConfig, Failure> {
  const faults = createFaultList(language);
  const variables = guardVariables(options.env);
  checkVariables(variables, faults);
  const sources = openSources({ ...options, variables, faults });
  const profile = readOption(optionOf('profile'), sources, 'production');
  const chosen = GUARD_PROFILES.find((name) => name === profile?.value) ?? 'production';
  const byName = new Map<GuardOptionName, GuardSetting>();
  for (const option of inFile) {
    const setting = option.name === 'profile' ? profile : readOption(option, sources, chosen);
    if (setting !== undefined) byName.set(option.name, setting);
  }
  checkGuard(byName, faults);
  if (faults.count() === 0) return ok(guardConfigOf(byName));
  const asked = byName.get('language');
  const isAsked = typeof asked?.value === 'string' && asked.origins[0]?.source !== 'default';
  return err({ faults: faults.all(), language: isAsked ? languageOf(asked.value) : language });
}

function readersLanguage({ flags, env }: GuardLoadOptions): Language {
  const asked = flags['lang'] ?? env['GUARD_LANGUAGE'];
  return languageOf(typeof asked === 'string' ? asked : localeIn(env)?.value);
}

function optionOf(name: GuardOptionName): KnownGuardOption {
  const found = guardOptions.find((option) => option.name === name);
  if (found === undefined) throw new Error(`The table of the guard's options has no ${name}`);
  return found;
}

function openSources(opened: Omit<Sources, 'file' | 'directory'>): Sources {
  const { faults, readFile, readDirectory } = opened;
  const file = placeOf(optionOf('config'), opened);
  const directory = placeOf(optionOf('configDirectory'), opened);
  return {
    ...opened,
    file: file && readConfigFile({ ...file, known, readFile, keepsEmpty: true, faults: faults.within(file.name) }),
    directory: directory && readConfigDirectory({ ...directory, known, readDirectory, faults }),
  };
}

/** Where a file or directory of settings is; only the default one may be missing. */
function placeOf(
  option: KnownGuardOption,
  sources: Pick<Sources, 'flags' | 'variables' | 'faults'>,
): { readonly name: string; readonly required: boolean } | undefined {
  const given = fromFlags(option, sources) ?? fromEnvironment(option, sources.variables);
  if (given === undefined) return { name: String(option.default), required: false };
  if (given.value === '') sources.faults.add('settingEmpty', { setting: given.setting });
  return given.value === '' ? undefined : { name: String(given.value), required: true };
}

function readOption(option: KnownGuardOption, sources: Sources, profile: GuardProfile): GuardSetting | undefined {
  const { directory, file, variables } = sources;
  const given =
    fromFlags(option, sources) ??
    fromEnvironment(option, variables) ??
    directory?.given(option) ??
    expanded(option, directory?.file, sources) ??
    expanded(option, file, sources) ??
    (option.name === 'namespace' ? namespaceOfPod(sources) : undefined);
  if (given === 'faulty') return undefined;
  if (given === undefined) return defaultOf(option, profile);
  const value = readValue(option, given, { readFile: sources.readFile, faults: listOf(given, sources.faults) });
  if (value === undefined) return undefined;
  return { option: option.name, value, origins: [given.origin], place: given.place, label: given.setting };
}

function expanded(
  option: KnownGuardOption,
  file: ConfigFile | undefined,
  sources: Sources,
): Given | 'faulty' | undefined {
  const given = file?.given(option.name.split('.'));
  return given && fromFile(option, { file, env: sources.env, faults: listOf(given, sources.faults) });
}

/** Places are those of the file that the value stands in. */
function listOf({ origin }: Given, faults: FaultList): FaultList {
  return origin.source === 'file' ? faults.within(origin.file) : faults;
}

function defaultOf({ name, profiles, default: fixed }: KnownGuardOption, profile: GuardProfile): GuardSetting {
  if (profiles !== undefined) {
    return { option: name, value: profiles[profile], origins: [{ source: 'profile', profile }], label: name };
  }
  return { option: name, value: fixed, origins: [{ source: 'default', follows: null }], label: name };
}
