import { textOf } from '../locales/index.ts';
import { indent, paragraph } from './block.ts';
import { type Line, print, span } from './line.ts';
import type { Screen } from './screen.ts';

/** The parts of a JSON schema that tell people something. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

interface Setting {
  readonly path: string;
  readonly schema: Schema;
  readonly required: boolean;
}

/** Every setting with its path, what it takes, its default and what it means. */
export function renderSchemaDocs(schema: object, screen: Screen): string[] {
  const seen = new Set<string>();
  const lines = settingsOf(schema as Schema, '').flatMap((setting): readonly Line[] => {
    if (seen.has(setting.path)) return [];
    seen.add(setting.path);
    return settingLines(setting, screen);
  });
  return lines.map((line) => print(line, screen));
}

function settingLines({ path, schema, required }: Setting, screen: Screen): readonly Line[] {
  const text = textOf(screen.language);
  const facts = [
    kindOf(schema),
    ...(required ? [text('docs.required')] : []),
    ...(hasDefault(schema) ? [text('docs.default', { value: JSON.stringify(schema.default) })] : []),
    ...(schema.examples === undefined ? [] : [text('docs.example', { value: schema.examples.join(', ') })]),
  ].filter((fact) => fact !== '');
  const inner = { width: screen.width - 2 };
  return [
    [span(path, 'strong'), span(facts.length === 0 ? '' : `  ${facts.join(', ')}`, 'dim')],
    ...(schema.description === undefined ? [] : indent(paragraph([], schema.description, inner), '  ')),
  ];
}

function hasDefault(schema: Schema): boolean {
  return schema.default !== undefined && JSON.stringify(schema.default) !== '{}';
}

function kindOf(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.join(' | ');
  if (schema.type !== undefined) return schema.type;
  const kinds = alternatives(schema).map((alternative) => kindOf(alternative));
  return [...new Set(kinds.filter((kind) => kind !== ''))].join(' | ');
}

function settingsOf(schema: Schema, path: string): readonly Setting[] {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const named = Object.entries(schema.properties ?? {}).flatMap(([name, child]): readonly Setting[] => [
    { path: at(name), schema: child, required: schema.required?.includes(name) === true },
    ...settingsOf(child, at(name)),
  ]);
  const any = schema.additionalProperties;
  return [
    ...named,
    ...(typeof any === 'object' && any.properties !== undefined ? settingsOf(any, at('<name>')) : []),
    ...(schema.items === undefined ? [] : settingsOf(schema.items, `${path}[]`)),
    ...alternatives(schema).flatMap((alternative) => settingsOf(alternative, path)),
  ];
}

function alternatives(schema: Schema): readonly Schema[] {
  return [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
}
