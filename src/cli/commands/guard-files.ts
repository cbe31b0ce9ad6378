import { buffer } from 'node:stream/consumers';
import { type Fault, FunadeError, type Language } from '../../kernel/index.ts';
import type { Collected, ManifestFault, Sources } from '../../guard/index.ts';
import type { Context } from '../context.ts';
import { usage } from '../flags.ts';
import { shownFile } from '../render/guard-marks.ts';
import { type Invocation, textOption } from '../shell.ts';
import { listOption } from './fn-arguments.ts';

/** Standard input as a file is called. */
export const STDIN = '-';

const FILE_OPTIONS = ['file', 'against', 'old'] as const;

/** The files of `-f`; none is a mistake, since nothing would be judged. */
export function filesOf({ text }: Context, invocation: Invocation, help: string): readonly string[] {
  const names = listOption(invocation, 'file');
  if (names.length === 0) throw usage(text('guard.needsFile'), help);
  const all = FILE_OPTIONS.flatMap((option) => listOption(invocation, option));
  if (all.filter((name) => name === STDIN).length > 1) throw usage(text('guard.stdinTwice'), help);
  return names;
}

/** Everything that files and folders hold; `-` is standard input. */
export async function collectFiles({ terminal }: Context, names: readonly string[]): Promise<Collected> {
  const { collect, decode, readSources } = await import('../../guard/index.ts');
  const parts: Sources[] = [];
  for (const name of names) {
    if (name !== STDIN) {
      parts.push(await readSources(name, terminal.directory));
      continue;
    }
    const read = decode(STDIN, await buffer(terminal.stdin));
    parts.push('text' in read ? { sources: [read], faults: [] } : { sources: [], faults: [read] });
  }
  return collect({
    sources: parts.flatMap(({ sources }) => sources),
    faults: parts.flatMap(({ faults }) => faults),
  });
}

/** Refuses files that can't be read, with all their faults. */
export async function refuseFaults({ language }: Context, faults: readonly ManifestFault[]): Promise<void> {
  if (faults.length === 0) return;
  const { tellFault } = await import('../../guard/index.ts');
  const told = faults.map((fault) => withShownFile(tellFault(fault, language), language));
  const values = { files: [...new Set(told.map(({ file }) => file ?? '-'))].join(', '), count: faults.length };
  throw new FunadeError('FUN_GUARD_INPUT_UNREADABLE', values, { faults: told });
}

/** A fault for a message: standard input has a name there. */
export function withShownFile(fault: Fault, language: Language): Fault {
  return fault.file === undefined ? fault : { ...fault, file: shownFile(fault.file, language) };
}

/** The names for a message. */
export function shownFiles(names: readonly string[], { language }: Pick<Context, 'language'>): string {
  return names.map((name) => shownFile(name, language)).join(', ');
}

/** What the API server takes as a namespace: a DNS label. */
const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u;

/** The namespace of `-n`; undefined when it was left out. */
export function namespaceOption({ text }: Context, invocation: Invocation, help: string): string | undefined {
  const value = textOption(invocation, 'namespace');
  if (value === undefined || NAMESPACE.test(value)) return value;
  throw usage(text('guard.badNamespace', { value }), help);
}
