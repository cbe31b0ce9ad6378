import { buffer } from 'node:stream/consumers';
import { FunadeError } from '../../kernel/index.ts';
import type { Collected, ManifestFault, Sources } from '../../guard/index.ts';
import type { Context } from '../context.ts';
import { usage } from '../flags.ts';
import type { Invocation } from '../shell.ts';
import { listOption } from './fn-arguments.ts';

/** Standard input as a file is called. */
export const STDIN = '-';

/** The files of `-f`; none is a mistake, since nothing would be judged. */
export function filesOf({ text }: Context, invocation: Invocation, help: string): readonly string[] {
  const names = listOption(invocation, 'file');
  if (names.length === 0) throw usage(text('guard.needsFile'), help);
  if (names.filter((name) => name === STDIN).length > 1) throw usage(text('guard.stdinTwice'), help);
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
export async function refuseFaults(
  { language }: Context,
  names: readonly string[],
  faults: readonly ManifestFault[],
): Promise<void> {
  if (faults.length === 0) return;
  const { tellFault } = await import('../../guard/index.ts');
  const values = { files: names.join(', '), count: faults.length };
  const told = faults.map((fault) => tellFault(fault, language));
  throw new FunadeError('FUN_GUARD_INPUT_UNREADABLE', values, { faults: told });
}
