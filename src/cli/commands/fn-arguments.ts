import type { Context } from '../context.ts';
import { usage } from '../flags.ts';
import { type Invocation, textOption } from '../shell.ts';

/** Parser of an option that may be given more than once. */
export function collect(value: string, before: unknown): readonly string[] {
  return [...listOf(before), value];
}

/** Every value of such an option; none when it was left out. */
export function listOption(invocation: Invocation, name: string): readonly string[] {
  return listOf(invocation.options[name]);
}

/** The value of an option that only takes some; undefined when it was left out. */
export function choiceOption(
  { text }: Context,
  invocation: Invocation,
  { name, known, help }: { readonly name: string; readonly known: readonly string[]; readonly help: string },
): string | undefined {
  const value = textOption(invocation, name);
  if (value === undefined || known.includes(value)) return value;
  throw usage(text('usage.choice', { value, known: known.join(', ') }), help);
}

/** The arguments that stand at `index` and after it, of a command whose last argument takes any number. */
export function restAt(invocation: Invocation, index: number): readonly string[] {
  return listOf(invocation.args[index]);
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}
