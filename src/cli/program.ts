import { readFileSync } from 'node:fs';
import { Command, type CommanderError, type Help, type Option } from 'commander';
import type { Language } from '../kernel/index.ts';
import { addAbort } from './commands/abort.ts';
import { addApp } from './commands/app.ts';
import { addApproval } from './commands/approval.ts';
import { addApprove } from './commands/approve.ts';
import { addCompletion } from './commands/completion.ts';
import { addConfig } from './commands/config.ts';
import { addDeliveries } from './commands/deliveries.ts';
import { addDeployment } from './commands/deployment.ts';
import { addDiff } from './commands/diff.ts';
import { addDoctor } from './commands/doctor.ts';
import { addFn } from './commands/fn.ts';
import { addGuard } from './commands/guard.ts';
import { addHold } from './commands/hold.ts';
import { addLogs } from './commands/logs.ts';
import { addPause } from './commands/pause.ts';
import { addPromote } from './commands/promote.ts';
import { addReject } from './commands/reject.ts';
import { addRelease } from './commands/release.ts';
import { addResume } from './commands/resume.ts';
import { addRetry } from './commands/retry.ts';
import { addRollback } from './commands/rollback.ts';
import { addRollout } from './commands/rollout.ts';
import { addRun } from './commands/run.ts';
import { addSecret } from './commands/secret.ts';
import { addServe } from './commands/serve.ts';
import { addShip } from './commands/ship.ts';
import { addSource } from './commands/source.ts';
import { addStatus } from './commands/status.ts';
import { addTasks } from './commands/tasks.ts';
import { addToken } from './commands/token.ts';
import { addUp } from './commands/up.ts';
import { addWatch } from './commands/watch.ts';
import { addGlobalFlags } from './flags.ts';
import { type Text, type TextKey, textOf } from './locales/index.ts';
import type { AddCommand, Shell } from './shell.ts';
import type { Terminal } from './terminal.ts';

const GROUPS: readonly { readonly title: TextKey; readonly commands: readonly AddCommand[] }[] = [
  {
    title: 'group.daily',
    commands: [
      addStatus,
      addShip,
      addWatch,
      addPromote,
      addPause,
      addResume,
      addAbort,
      addRetry,
      addRollback,
      addLogs,
      addApprove,
      addReject,
      addDiff,
    ],
  },
  {
    title: 'group.nouns',
    commands: [
      addApp,
      addRun,
      addRelease,
      addRollout,
      addDeployment,
      addApproval,
      addHold,
      addFn,
      addGuard,
      addDeliveries,
      addTasks,
      addSource,
      addSecret,
      addToken,
    ],
  },
  { title: 'group.setup', commands: [addUp, addServe, addConfig, addDoctor, addCompletion] },
];

/** Headings that commander writes in English. */
const HEADINGS: Readonly<Record<string, TextKey>> = {
  'Usage:': 'help.usage',
  'Arguments:': 'help.arguments',
  'Options:': 'help.options',
  'Global Options:': 'help.globalOptions',
  'Commands:': 'help.commands',
};

export interface ProgramOptions {
  readonly language: Language;
  readonly terminal: Terminal;
  readonly action: Shell['action'];
}

/** The whole command tree, with its help in the chosen language. It writes nothing but help and throws what it refuses. */
export function createProgram({ language, terminal, action }: ProgramOptions): Command {
  const text = textOf(language);
  const shell: Shell = { text, language, action };
  const program = new Command('funade');
  program
    .description(text('about.program'))
    .version(packageVersion(), '-V, --version', text('help.version'))
    .helpOption('-h, --help', text('help.show'))
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (output) => terminal.stdout.write(output),
      writeErr: () => {},
      getOutHelpWidth: () => Math.min(100, terminal.stdout.columns ?? 80),
      getOutHasColors: () => false,
    })
    .configureHelp(helpIn(text))
    .addHelpText('after', `\n${text('help.exitCodes')}`)
    .showSuggestionAfterError(true);
  addGlobalFlags(program, text);
  for (const group of GROUPS) {
    program.commandsGroup(text(group.title));
    for (const add of group.commands) add(program, shell);
  }
  return program;
}

function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return version;
}

function helpIn(text: Text): Partial<Help> {
  return {
    showGlobalOptions: true,
    styleTitle: (title) => {
      const key = HEADINGS[title];
      return key === undefined ? title : text(key);
    },
    visibleGlobalOptions(command): Option[] {
      // Only the ones that this command can use would need a list per command: all are named once, on the program.
      if (command.parent === null) return [];
      // An option of the command itself may have the name of a global one: there it means what the command says.
      return globalOptions(command).filter(({ long }) => !command.options.some((own) => own.long === long));
    },
  };
}

function globalOptions(command: Command): Option[] {
  const root = command.parent?.parent ?? command.parent;
  return root === null ? [] : root.options.filter((option) => !option.hidden && option.long !== '--version');
}

const USAGE: Readonly<Record<string, TextKey>> = {
  'commander.unknownCommand': 'usage.unknownCommand',
  'commander.unknownOption': 'usage.unknownOption',
  'commander.missingArgument': 'usage.missingArgument',
  'commander.optionMissingArgument': 'usage.optionMissingArgument',
  'commander.invalidArgument': 'usage.invalidArgument',
  'commander.excessArguments': 'usage.excessArguments',
  'commander.missingMandatoryOptionValue': 'usage.missingOption',
  'commander.help': 'usage.missingSubcommand',
};

/** What was wrong with the arguments, in the reader's language; null when help or the version was shown. */
export function usageReason(error: CommanderError, text: Text): string | null {
  if (error.exitCode === 0) return null;
  const key = USAGE[error.code];
  if (key === undefined) return error.message.replace(/^error: /u, '');
  const value = /'([^']*)'/u.exec(error.message)?.[1] ?? '';
  const reason = text(key, { value });
  const nearest = /\(Did you mean (?:one of )?([^?]+)\?\)/u.exec(error.message)?.[1];
  return nearest === undefined ? reason : text('usage.nearest', { reason, nearest });
}
