export type TextValues = Readonly<Record<string, string | number>>;

/** Fills `{name}` placeholders; a value that was not given stays visible as `{name}`. */
export function fill(template: string, values: TextValues = {}): string {
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
