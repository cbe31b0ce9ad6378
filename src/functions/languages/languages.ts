import type { RuntimeName } from '../../config/index.ts';
import type { Language } from './language.ts';
import { createNodejs } from './nodejs.ts';
import { createPython } from './python.ts';
import { type RustOptions, createRustLanguages } from './rust.ts';

/** Every language that functions can be written in. */
export function createLanguages(options: RustOptions): ReadonlyMap<RuntimeName, Language> {
  const { rust, provided } = createRustLanguages(options);
  const all = [createNodejs(options.kit), createPython(options.kit), rust, provided];
  return new Map(all.map((language) => [language.name, language]));
}
