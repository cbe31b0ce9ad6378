import { parseDuration } from '../../kernel/index.ts';
import type { Settings } from './load.ts';
import type { McpServerConfig, Secret } from './model.ts';
import { type OptionName, serverOptions } from './options.ts';

export function valueOf(settings: Settings, name: OptionName) {
  return settings.byName.get(name)?.value ?? null;
}

export function textOrNull(settings: Settings, name: OptionName): string | null {
  const value = valueOf(settings, name);
  return typeof value === 'string' ? value : null;
}

export function wholeOrNull(settings: Settings, name: OptionName): number | null {
  const value = valueOf(settings, name);
  return typeof value === 'number' ? value : null;
}

export function text(settings: Settings, name: OptionName): string {
  return textOrNull(settings, name) ?? unset(name);
}

export function whole(settings: Settings, name: OptionName): number {
  return wholeOrNull(settings, name) ?? unset(name);
}

export function oneOf<const T extends string>(choices: readonly T[], settings: Settings, name: OptionName): T {
  const value = valueOf(settings, name);
  return choices.find((choice) => choice === value) ?? unset(name);
}

export function secrets(settings: Settings, name: OptionName): readonly Secret[] {
  const value = valueOf(settings, name);
  return typeof value === 'object' && value !== null
    ? value.filter((entry) => typeof entry === 'object' && 'label' in entry)
    : [];
}

export function texts(settings: Settings, name: OptionName): readonly string[] {
  const value = valueOf(settings, name);
  return typeof value === 'object' && value !== null ? value.filter((entry) => typeof entry === 'string') : [];
}

export function mcpServers(settings: Settings, name: OptionName): readonly McpServerConfig[] {
  const value = valueOf(settings, name);
  if (typeof value !== 'object' || value === null) return [];
  return value.filter((entry) => typeof entry === 'object' && 'kind' in entry);
}

/** As read, or the text of a default. */
export function durationOf(settings: Settings, name: OptionName): number {
  return wholeOrNull(settings, name) ?? parseDuration(text(settings, name)) ?? unset(name);
}

/** Only a table of options that contradicts itself gets here; reading has refused every bad input before. */
function unset(name: OptionName): never {
  const known = serverOptions.some((option) => option.name === name);
  throw new Error(`Setting ${name} has no usable value (${known ? 'in the table' : 'not in the table'})`);
}
