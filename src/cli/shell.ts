import type { Command } from 'commander';
import type { Context } from './context.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Text } from './locales/index.ts';
import type { Language } from '../kernel/index.ts';

/** What was typed after the name of a command. */
export interface Invocation {
  readonly args: readonly (string | undefined)[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  /** The program itself, for commands that describe it. */
  readonly program: Command;
}

/** An act: its exit code, or nothing for 0. */
export type Act = (context: Context, invocation: Invocation) => Promise<ExitCode | void>;

/** What a command file gets to register itself with. */
export interface Shell {
  readonly text: Text;
  readonly language: Language;
  /** Wraps an act as commander wants it. */
  action(act: Act): (...received: unknown[]) => Promise<void>;
}

/** Adds one command or one noun with its subcommands. */
export type AddCommand = (parent: Command, shell: Shell) => void;

/** The text of an option that takes one; undefined when it was left out. */
export function textOption(invocation: Pick<Invocation, 'options'>, name: string): string | undefined {
  const value = invocation.options[name];
  return typeof value === 'string' ? value : undefined;
}

/** An argument that commander has made sure of. */
export function required(invocation: Invocation, index: number): string {
  return invocation.args[index] ?? '';
}

/** The object without the fields that were left out. */
export function given<T extends object>(fields: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
