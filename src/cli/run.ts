import { type Command, CommanderError } from 'commander';
import { FunadeError, type Language, describeError, isFunadeError, messageOf, newId } from '../kernel/index.ts';
import { ProblemError } from './client.ts';
import { type Context, createContext, screenOf } from './context.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { type GlobalFlags, chooseLanguage, readGlobalFlags, usage, withHelp } from './flags.ts';
import { textOf } from './locales/index.ts';
import { createProgram, usageReason } from './program.ts';
import { type Problem, actionRequired, renderProblem } from './render/problem.ts';
import type { Act } from './shell.ts';
import { SourceError } from './source-error.ts';
import type { Terminal } from './terminal.ts';

const NO_FLAGS: GlobalFlags = {
  json: false,
  plain: false,
  color: true,
  input: true,
  yes: false,
  wait: null,
  timeout: null,
  server: null,
  language: null,
  quiet: false,
  debug: false,
};

/** Runs one command line (without `node` and the script) and answers with its exit code; it never throws. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const language = chooseLanguage(argv, terminal.environment);
  const text = textOf(language);
  // What is known before the arguments are understood, so that even their errors obey --json and --no-color.
  const raw = { json: argv.includes('--json'), color: !argv.includes('--no-color'), debug: argv.includes('--debug') };
  let flags: GlobalFlags = { ...NO_FLAGS, ...raw };
  let exitCode: ExitCode = EXIT.ok;
  const action =
    (act: Act) =>
    async (...received: unknown[]): Promise<void> => {
      const command = received.at(-1) as Command;
      flags = readGlobalFlags(command.optsWithGlobals(), text);
      const context: Context = createContext(flags, terminal, language);
      const invocation = {
        args: received.slice(0, -2) as readonly (string | undefined)[],
        options: command.opts<Record<string, string | boolean | undefined>>(),
        program,
      };
      exitCode = (await act(context, invocation)) ?? EXIT.ok;
    };
  const program = createProgram({ language, terminal, action });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (
      thrown instanceof CommanderError &&
      thrown.code === 'commander.help' &&
      helpOf(program, argv) === 'funade --help'
    ) {
      program.outputHelp(); // nothing was asked for: what there is to ask for is the answer
      return EXIT.ok;
    }
    const help = helpOf(program, argv);
    const error = thrown instanceof CommanderError ? usageError(thrown, language, help) : withHelp(thrown, help);
    if (error === null) return EXIT.ok;
    return report(error, { flags, terminal, language });
  }
}

function usageError(error: CommanderError, language: Language, help: string): FunadeError | null {
  const reason = usageReason(error, textOf(language));
  return reason === null ? null : usage(reason, help);
}

/** The help of the deepest command that was named. */
function helpOf(program: Command, argv: readonly string[]): string {
  const names = ['funade'];
  let at: Command = program;
  for (const argument of argv) {
    const found: Command | undefined = at.commands.find((command) => command.name() === argument);
    if (found === undefined) continue;
    names.push(argument);
    at = found;
  }
  return `${names.join(' ')} --help`;
}

interface Reporting {
  readonly flags: GlobalFlags;
  readonly terminal: Terminal;
  readonly language: Language;
}

function report(thrown: unknown, { flags, terminal, language }: Reporting): ExitCode {
  const { problem, exitCode } = describe(thrown, language);
  if (flags.json) {
    const answer = exitCode === EXIT.inputNeeded ? actionRequired(problem) : { error: problem };
    terminal.stdout.write(`${JSON.stringify(answer)}\n`);
  } else {
    const screen = screenOf(terminal.stderr, { flags, terminal, language });
    terminal.stderr.write(`${renderProblem(problem, screen, sourcesOf(thrown)).join('\n')}\n`);
  }
  if (flags.debug && thrown instanceof Error) terminal.stderr.write(`${stackOf(thrown)}\n`);
  return exitCode;
}

function describe(thrown: unknown, language: Language): { readonly problem: Problem; readonly exitCode: ExitCode } {
  if (thrown instanceof ProblemError) {
    const { code, detail, fix, errors, next } = thrown.problem;
    return { problem: { code, detail, fix, errors, next }, exitCode: thrown.exitCode };
  }
  const error = isFunadeError(thrown)
    ? thrown
    : new FunadeError(
        'FUN_INTERNAL',
        { id: newId('err') },
        { cause: thrown, faults: [{ message: messageOf(thrown) }] },
      );
  const { message, fix } = describeError(error, language);
  const { code, faults, next } = error;
  return { problem: { code, detail: message, fix, errors: faults, next }, exitCode: error.exitCode as ExitCode };
}

function sourcesOf(thrown: unknown): ReadonlyMap<string, string> {
  return thrown instanceof SourceError ? new Map([[thrown.file, thrown.source]]) : new Map();
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\nCaused by: ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
