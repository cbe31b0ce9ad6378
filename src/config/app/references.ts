import type { FunctionConfig } from './model.ts';

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** Names that the variables of functions refer to as `${NAME}`. */
export function referencesIn(
  functions: readonly Pick<FunctionConfig, 'environment'>[],
  variables: Readonly<Record<string, string>> = {},
): readonly string[] {
  const texts = [variables, ...functions.map(({ environment }) => environment)].flatMap((each) => Object.values(each));
  return [...new Set(texts.flatMap((text) => [...text.matchAll(REFERENCE)].map(([, name = '']) => name)))].toSorted();
}

export function expandReferences(text: string, values: ReadonlyMap<string, string>): string {
  return text.replaceAll(REFERENCE, (whole, name: string) => values.get(name) ?? whole);
}
