import { parseDuration } from '../../kernel/index.ts';
import type { McpServerConfig, Secret } from './model.ts';
import { parseSize } from './sizes.ts';
import type { SettingValue } from './values.ts';

/** What was read, by the name of its option. */
export interface ReadSettings<Name extends string> {
  readonly byName: ReadonlyMap<Name, { readonly value: SettingValue }>;
}

export function valueOf<Name extends string>(settings: ReadSettings<Name>, name: NoInfer<Name>) {
  return settings.byName.get(name)?.value ?? null;
}

export function textOrNull<Name extends string>(settings: ReadSettings<Name>, name: NoInfer<Name>): string | null {
  const value = valueOf(settings, name);
  return typeof value === 'string' ? value : null;
}

export function wholeOrNull<Name extends string>(settings: ReadSettings<Name>, name: NoInfer<Name>): number | null {
  const value = valueOf(settings, name);
  return typeof value === 'number' ? value : null;
}

export function text<Name extends string>(settings: ReadSettings<Name>, name: NoInfer<Name>): string {
  return textOrNull(settings, name) ?? unset(name);
}

export function whole<Name extends string>(settings: ReadSettings<Name>, name: NoInfer<Name>): number {
  return wholeOrNull(settings, name) ?? unset(name);
}

export function oneOf<const T extends string, Name extends string>(
  choices: readonly T[],
  settings: ReadSettings<Name>,
  name: NoInfer<Name>,
): T {
  const value = valueOf(settings, name);
  return choices.find((choice) => choice === value) ?? unset(name);
}

export function secrets<Name extends string>(settings: ReadSettings<Name>, name: NoInfer<Name>): readonly Secret[] {
  const value = valueOf(settings, name);
  return typeof value === 'object' && value !== null
    ? value.filter((entry) => typeof entry === 'object' && 'label' in entry)
    : [];
}

export function texts<Name extends string>(settings: ReadSettings<Name>, name: NoInfer<Name>): readonly string[] {
  const value = valueOf(settings, name);
  return typeof value === 'object' && value !== null ? value.filter((entry) => typeof entry === 'string') : [];
}

export function mcpServers<Name extends string>(
  settings: ReadSettings<Name>,
  name: NoInfer<Name>,
): readonly McpServerConfig[] {
  const value = valueOf(settings, name);
  if (typeof value !== 'object' || value === null) return [];
  return value.filter((entry) => typeof entry === 'object' && 'kind' in entry);
}

/** As read, or the text of a default. */
export function durationOf<Name extends string>(settings: ReadSettings<Name>, name: NoInfer<Name>): number {
  return wholeOrNull(settings, name) ?? parseDuration(text(settings, name)) ?? unset(name);
}

/** Bytes as read, or the text of a default. */
export function sizeOf<Name extends string>(settings: ReadSettings<Name>, name: NoInfer<Name>): number {
  return wholeOrNull(settings, name) ?? parseSize(text(settings, name)) ?? unset(name);
}

/** Only a table of options that contradicts itself gets here; reading has refused every bad input before. */
function unset(name: string): never {
  throw new Error(`Setting ${name} has no usable value in the table of options`);
}
