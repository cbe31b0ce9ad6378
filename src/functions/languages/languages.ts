import type { RuntimeName } from '../../config/index.ts';
import type { Language, SourceFile } from './language.ts';
import { createNodejs } from './nodejs.ts';
import { createPython } from './python.ts';
import { type RustOptions, createRustLanguages } from './rust.ts';

/** Every language that functions can be written in. */
export interface Languages {
  /** For versions that there are: what has to be compiled for them waits for its turn, however long. */
  readonly hosting: ReadonlyMap<RuntimeName, Language>;
  /** For code that somebody sends and waits for: it is refused where too much waits before it (`FUN_UNAVAILABLE`). */
  readonly publishing: ReadonlyMap<RuntimeName, Language>;
  readonly sources: Readonly<Record<RuntimeName, SourceFile>>;
  /** Removes what was compiled and not used for 30 days. */
  prune(): Promise<void>;
  /** Compiles nothing more. */
  stop(): void;
}

export function createLanguages(options: RustOptions): Languages {
  const { rust, provided, prune, stop } = createRustLanguages(options);
  const nodejs = createNodejs(options.kit);
  const python = createPython(options.kit);
  const publishedRust = rust('refusable');
  return {
    hosting: byName([nodejs, python, rust('patient'), provided]),
    publishing: byName([nodejs, python, publishedRust, provided]),
    sources: {
      nodejs: nodejs.source,
      python: python.source,
      rust: publishedRust.source,
      provided: provided.source,
    },
    prune,
    stop,
  };
}

function byName(all: readonly Language[]): ReadonlyMap<RuntimeName, Language> {
  return new Map(all.map((language) => [language.name, language]));
}
