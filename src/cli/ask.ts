import { createInterface } from 'node:readline/promises';
import { FunadeError, type NextCommand } from '../kernel/index.ts';
import type { Context } from './context.ts';
import { clean } from './render/text.ts';

/** A yes or no before something that can't be taken back. `--yes` answers; where nobody can be asked it ends with code 4. */
export async function confirm(context: Context, question: string, command: string): Promise<boolean> {
  if (context.flags.yes) return true;
  if (!context.interactive) {
    throw new FunadeError('FUN_CONFIRMATION_NEEDED', { question }, { next: [{ command: `${command} --yes` }] });
  }
  const answer = await askLine(context, context.text('ask.confirm', { question }));
  return /^(y|yes|はい)$/iu.test(answer.trim());
}

export interface Choice<T> {
  readonly value: T;
  readonly label: string;
  /** The command that makes this choice without a question. */
  readonly command: string;
}

/** The only choice, the one a person picks, or an error that lists the commands to choose with. */
export async function choose<T>(
  context: Context,
  options: { readonly kind: string; readonly choices: readonly Choice<T>[]; readonly look: readonly NextCommand[] },
): Promise<T> {
  const { kind, choices, look } = options;
  const [only] = choices;
  if (only === undefined) throw new FunadeError('FUN_NOTHING_FITS', { kind }, { next: look });
  if (choices.length === 1) return only.value;
  const needed = new FunadeError(
    'FUN_CHOICE_NEEDED',
    { kind, count: choices.length },
    { next: choices.map(({ command, label }) => ({ command, why: label })) },
  );
  if (!context.interactive) throw needed;
  const lines = choices.map((choice, index) => `  ${index + 1}  ${clean(choice.label)}`);
  context.terminal.stderr.write(`${context.text('ask.choose', { kind })}\n${lines.join('\n')}\n`);
  const answer = await askLine(context, context.text('ask.number'));
  const chosen = /^\d+$/u.test(answer.trim()) ? choices[Number(answer) - 1] : undefined;
  if (chosen === undefined) throw needed;
  return chosen.value;
}

async function askLine(context: Context, prompt: string): Promise<string> {
  const { stdin, stderr } = context.terminal;
  const lines = createInterface({ input: stdin });
  stderr.write(prompt);
  try {
    return await new Promise<string>((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(''));
    });
  } finally {
    lines.close();
  }
}
