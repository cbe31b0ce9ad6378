import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  type GuardConfig,
  type GuardOption,
  attributeOf,
  guardOptions,
  REPLICA_MODES,
  type ReplicaMode,
  loadGuardConfig,
  readDirectoryIfThere,
} from '../../config/index.ts';
import { FunadeError, type Language } from '../../kernel/index.ts';
import type { Context } from '../context.ts';
import type { Text } from '../locales/index.ts';
import { loadOptions } from '../settings.ts';
import { type Invocation, given, textOption } from '../shell.ts';
import { choiceOption } from './fn-arguments.ts';

/** Options that choose the settings of the guard. */
export function withSettings(command: Command, text: Text): Command {
  return command
    .option('--profile <profile>', text('guard.option.profile'))
    .option('--config <file>', text('guard.option.config'));
}

/** Names of the flags of the settings, as commander has them. */
const FLAGS = (guardOptions as readonly GuardOption[]).flatMap(({ flags }) => flags.map(attributeOf));

/** The settings that a guard started here would have, or every fault in them at once. */
export function readGuardConfig(
  { terminal, flags }: Context,
  invocation: Pick<Invocation, 'options'> = { options: {} },
): GuardConfig {
  const values = Object.fromEntries(FLAGS.map((name) => [name, textOption(invocation, name)]));
  const options = loadOptions(terminal, given({ ...values, lang: flags.language ?? undefined }));
  const loaded = loadGuardConfig({
    ...options,
    readDirectory: (path) => readDirectoryIfThere(resolve(terminal.directory, path)),
  });
  if (loaded.ok) return loaded.value;
  throw new FunadeError('FUN_GUARD_CONFIG_INVALID', { count: loaded.error.length }, { faults: loaded.error });
}

/** The same, judging by the replica mode of `--mode` when that is given. */
export function readJudgingConfig(context: Context, invocation: Invocation, help: string): GuardConfig {
  const mode = choiceOption(context, invocation, { name: 'mode', known: REPLICA_MODES, help }) as
    | ReplicaMode
    | undefined;
  const config = readGuardConfig(context, invocation);
  return mode === undefined ? config : { ...config, rules: { ...config.rules, mode } };
}

/** Messages come in the language that somebody chose for the guard; otherwise in that of the terminal. */
export function languageOfAnswers({ language }: Context, config: GuardConfig): Language {
  const isChosen = (config.origins['language']?.[0]?.source ?? 'default') !== 'default';
  return isChosen ? config.language : language;
}
