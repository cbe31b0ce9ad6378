import { secretOwner } from '../../api/contract/index.ts';
import type { Context } from '../context.ts';
import { usage } from '../flags.ts';
import { type Invocation, required } from '../shell.ts';

/** As the server has it, which refuses it as well, but in words of its API. */
const ALIAS_NAME = /^[a-z][a-z0-9_-]{0,62}$/u;
/** Can be read, and never be pointed. */
const LATEST = '$LATEST';
const INVOCATION_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu;

/** The name of a function that stands first among the arguments. Throws a usage error where none can have it. */
export function functionNameOf({ text }: Context, invocation: Invocation): string {
  const value = required(invocation, 0);
  if (secretOwner.safeParse(value).success) return value;
  throw usage(text('usage.fnName', { value }));
}

/** The name of an alias that can be pointed. */
export function aliasNameOf({ text }: Context, value: string): string {
  if (ALIAS_NAME.test(value)) return value;
  throw usage(text('usage.fnAlias', { value }));
}

/** The name of an alias that can be looked at. */
export function anyAliasNameOf(context: Context, value: string): string {
  return value === LATEST ? value : aliasNameOf(context, value);
}

export function invocationIdOf({ text }: Context, value: string, name: string): string {
  if (INVOCATION_ID.test(value)) return value;
  throw usage(text('usage.fnInvocation', { value, command: `funade fn dead-letters ${name}` }));
}
