import { RUNTIME_NAMES } from '../../api/contract/index.ts';
import type { Fault } from '../../kernel/index.ts';
import type { Text } from '../locales/index.ts';

export type Runtime = (typeof RUNTIME_NAMES)[number];

/** What files say of the runtime and the handler of their function. */
export interface Guess {
  readonly runtime?: Runtime;
  readonly handler?: string;
  /** Files that were recognised: several where they say different things. */
  readonly signs: readonly string[];
  /** The name that a file gets which is deployed alone. */
  readonly alone?: string;
}

export const HANDLERS = {
  nodejs: 'index.handler',
  python: 'index.handler',
  rust: 'main.rs',
  provided: 'bootstrap',
} as const satisfies Readonly<Record<Runtime, string>>;

/** Files at the top of a folder or zip that tell what is in it. */
const SIGNS: ReadonlyMap<string, { readonly runtime: Runtime; readonly handler: string }> = new Map([
  ['index.mjs', { runtime: 'nodejs', handler: 'index.handler' }],
  ['index.js', { runtime: 'nodejs', handler: 'index.handler' }],
  ['index.cjs', { runtime: 'nodejs', handler: 'index.handler' }],
  ['index.py', { runtime: 'python', handler: 'index.handler' }],
  ['main.rs', { runtime: 'rust', handler: 'main.rs' }],
  ['Cargo.toml', { runtime: 'rust', handler: 'Cargo.toml' }],
  ['bootstrap', { runtime: 'provided', handler: 'bootstrap' }],
]);

/** What the names at the top tell; those of the named runtime alone, where one is named. */
export function guessOf(names: readonly string[], named: string | undefined): Guess {
  const isNamed = RUNTIME_NAMES.some((known) => known === named);
  const found = [...SIGNS].filter(([name, { runtime }]) => names.includes(name) && (!isNamed || runtime === named));
  const signs = found.map(([name]) => name);
  const [first, ...others] = found.map(([, sign]) => sign);
  if (first === undefined || others.some(({ handler }) => handler !== first.handler)) return { signs };
  return others.some(({ runtime }) => runtime !== first.runtime) ? { signs } : { ...first, signs };
}

type Config = Readonly<Record<string, unknown>>;

export interface Completed {
  /** With something in the place of what is missing, so that the rest can be checked. */
  readonly config: Config;
  readonly faults: readonly Fault[];
}

/** What neither settings nor files say of runtime and handler, told in the words of the command line. */
export function withoutGaps(config: Config, { path, guess, text }: Gaps): Completed {
  const faults: Fault[] = [];
  const { runtime: named, handler } = config;
  const runtime = RUNTIME_NAMES.find((known) => known === named);
  const signs = guess.signs.join(', ');
  if (named === undefined) {
    const isUnclear = guess.signs.length > 0;
    const known = [...SIGNS.keys()].join(', ');
    const message = isUnclear ? text('fn.runtimeUnclear', { path, signs }) : text('fn.runtimeUnknown', { path, known });
    faults.push({ path: '--runtime', message, fix: text(isUnclear ? 'fn.runtimeChoose' : 'fn.runtimeFix') });
  } else if (handler === undefined && runtime !== undefined && runtime !== 'provided') {
    const example = guess.signs.length > 0 ? 'Cargo.toml' : EXAMPLES[runtime];
    const message =
      guess.signs.length > 0 ? text('fn.handlerUnclear', { path, signs }) : text('fn.handlerUnknown', { path });
    faults.push({ path: '--handler', message, fix: text('fn.handlerFix', { example }) });
  }
  faults.push(...alone(handler, runtime, { path, guess, text }));
  if (faults.length === 0) return { config, faults };
  const stand = runtime ?? 'nodejs';
  return { config: { ...config, runtime: named ?? stand, handler: HANDLERS[stand] }, faults };
}

export interface Gaps {
  /** The code as it was typed. */
  readonly path: string;
  readonly guess: Guess;
  readonly text: Text;
}

const EXAMPLES: Readonly<Record<Runtime, string>> = {
  nodejs: 'app.handler',
  python: 'app.handler',
  rust: 'src/main.rs',
  provided: 'bootstrap',
};

/** A file that is deployed alone gets a name, and a handler that names it as it was finds nothing. */
function alone(handler: unknown, runtime: Runtime | undefined, { path, guess, text }: Gaps): readonly Fault[] {
  const { alone: name } = guess;
  if (name === undefined || typeof handler !== 'string' || runtime === undefined) return [];
  const rest = /^[^.]+\.(.+)$/u.exec(handler)?.[1];
  const isExport = runtime === 'nodejs' || runtime === 'python';
  const wanted = isExport ? rest && `index.${rest}` : name;
  if (wanted === undefined || wanted === handler) return [];
  const message = text('fn.handlerOfOther', { path, name, handler });
  return [{ path: 'handler', message, fix: text('fn.handlerWrite', { handler: wanted }) }];
}
