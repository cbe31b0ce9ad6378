import { type Fault, type Language, type Result, err, languageOf, ok } from '../../kernel/index.ts';
import { type FaultList, type Place, createFaultList } from '../faults.ts';
import { checkAgent } from './agent-checks.ts';
import { checkForges } from './cross-checks.ts';
import type { Environment } from './expand.ts';
import { type ConfigFile, type ReadFile, readConfigFile } from './file.ts';
import { type Flags, fromEnvironment, fromFile, fromFlags } from './given.ts';
import { checkJwt } from './jwt.ts';
import { localeIn } from './locale.ts';
import { mcpServersOf } from './mcp.ts';
import type { Origin, Secret } from './model.ts';
import { type OptionKind, type OptionName, type ServerOption, serverOptions } from './options.ts';
import { secretsOfFile } from './secrets.ts';
import { type SettingValue, readSecret, readValue } from './values.ts';

export interface LoadOptions {
  readonly flags: Flags;
  readonly env: Environment;
  readonly readFile: ReadFile;
}

export interface Setting {
  readonly value: SettingValue;
  readonly origins: readonly Origin[];
  /** Where it stands in the file, when that is where it came from. */
  readonly place?: Place | undefined;
}

export interface Settings {
  readonly byName: ReadonlyMap<OptionName, Setting>;
  /** The file that was read. */
  readonly file: string | null;
}

interface Sources extends LoadOptions {
  readonly file: ConfigFile | undefined;
  readonly faults: FaultList;
}

const LISTS: readonly OptionKind[] = ['cidrs', 'repositories', 'mcp'];
const inFile = serverOptions.filter((option) => option.inFile).map((option) => option.name);

/** Reads the named options from all sources: flag before environment before file before default. */
export function loadSettings(
  options: LoadOptions,
  names: readonly OptionName[] = serverOptions.map((option) => option.name),
): Result<Settings, readonly Fault[]> {
  const fileName = nameOfFile(options);
  const faults = createFaultList(readersLanguage(options), fileName.name);
  const all = names.length === serverOptions.length;
  if (fileName.name === '') faults.add('settingEmpty', { setting: fileName.label });
  const file =
    fileName.name === ''
      ? undefined
      : readConfigFile({ ...fileName, known: all ? inFile : null, readFile: options.readFile, faults });
  const sources: Sources = { ...options, file, faults };
  const byName = new Map<OptionName, Setting>();
  for (const option of serverOptions) {
    if (!names.includes(option.name)) continue;
    const setting = option.name === 'config' ? fileName.setting : readOption(option, sources);
    if (setting !== undefined) byName.set(option.name, setting);
  }
  if (all) {
    checkJwt(byName, faults);
    checkForges(byName, faults);
    checkAgent(byName, faults);
  }
  const found = faults.all();
  return found.length > 0 ? err(found) : ok({ byName, file: file === undefined ? null : fileName.name });
}

function nameOfFile({ flags, env }: LoadOptions): {
  readonly name: string;
  readonly label: string;
  readonly required: boolean;
  readonly setting: Setting;
} {
  const named = (name: string, origin: Origin) => ({
    name,
    label: 'name' in origin ? origin.name : name,
    required: origin.source !== 'default',
    setting: { value: name, origins: [origin] },
  });
  const flag = flags['config'];
  if (typeof flag === 'string') return named(flag, { source: 'flag', name: '--config' });
  const variable = env['FUNADE_CONFIG'];
  if (variable !== undefined) return named(variable, { source: 'environment', name: 'FUNADE_CONFIG' });
  return named('funade.config.yaml', { source: 'default', follows: null });
}

/** The language for faults has to be known before the settings are: flag, variable, locale. */
function readersLanguage({ flags, env }: LoadOptions): Language {
  const asked = flags['lang'] ?? env['FUNADE_LANG'];
  return languageOf(typeof asked === 'string' ? asked : localeIn(env)?.value);
}

function readOption(option: ServerOption, sources: Sources): Setting | undefined {
  if (option.kind === 'secrets') return readSecrets(option, sources);
  const given = fromFlags(option, sources) ?? fromEnvironment(option, sources.env) ?? fromFile(option, sources);
  if (given === 'faulty') return undefined;
  if (given === undefined) return defaultOf(option, sources.env);
  const value = option.kind === 'mcp' ? mcpServersOf(given, sources) : readValue(option, given, sources);
  return value === undefined ? undefined : { value, origins: [given.origin], place: given.place };
}

function defaultOf(option: ServerOption, env: Environment): Setting {
  const spoken = option.name === 'language' ? localeIn(env) : undefined;
  if (spoken !== undefined) {
    return { value: languageOf(spoken.value), origins: [{ source: 'environment', name: spoken.name }] };
  }
  const value = LISTS.includes(option.kind) ? [] : option.default;
  return { value, origins: [{ source: 'default', follows: option.follows ?? null }] };
}

/** All secrets of all sources count at the same time, so that one can be replaced without a gap. */
function readSecrets(option: ServerOption, sources: Sources): Setting {
  const found: (Secret & { readonly origin: Origin })[] = [];
  const variable = fromEnvironment(option, sources.env);
  const value = variable && readSecret(variable, sources.faults);
  if (variable !== undefined && value !== undefined) {
    found.push({ label: variable.setting, value, origin: variable.origin });
  }
  const given = sources.file?.given(option.name.split('.'));
  if (given !== undefined) {
    for (const secret of secretsOfFile(given, sources)) {
      if (!found.some((other) => other.value === secret.value)) found.push(secret);
    }
  }
  if (found.length === 0) return { value: [], origins: [{ source: 'default', follows: null }] };
  return {
    value: found.map((secret) => ({ label: secret.label, value: secret.value })),
    origins: found.map((secret) => secret.origin),
  };
}
