import type { Command } from 'commander';
import { FunadeError, LANGUAGES, type Language, isFunadeError, languageOf, parseDuration } from '../kernel/index.ts';
import { type Text, textOf } from './locales/index.ts';

/** Flags that every command takes. */
export interface GlobalFlags {
  readonly json: boolean;
  readonly plain: boolean;
  readonly color: boolean;
  /** Whether a question may be asked. */
  readonly input: boolean;
  readonly yes: boolean;
  /** Whether to follow the work; null lets the command choose. */
  readonly wait: boolean | null;
  /** Milliseconds; null waits as long as it takes. */
  readonly timeout: number | null;
  readonly server: string | null;
  /** As given with `--lang`. */
  readonly language: Language | null;
  readonly quiet: boolean;
  readonly debug: boolean;
}

type Options = Readonly<Record<string, unknown>>;

const HELP = 'funade --help';
/** Rows of a list that nobody reads on. */
const MOST = 500;

export function addGlobalFlags(program: Command, text: Text): void {
  program
    .option('--json', text('option.json'))
    .option('--plain', text('option.plain'))
    .option('--no-color', text('option.noColor'))
    .option('--no-input', text('option.noInput'))
    .option('-y, --yes', text('option.yes'))
    .option('--wait', text('option.wait'))
    .option('--no-wait', text('option.noWait'))
    .option('--timeout <duration>', text('option.timeout'))
    .option('--server <url>', text('option.server'))
    .option('--lang <language>', text('option.lang'))
    .option('-q, --quiet', text('option.quiet'))
    .option('--debug', text('option.debug'));
}

/** Refuses values that don't fit, before anything is done. */
export function readGlobalFlags(options: Options, text: Text): GlobalFlags {
  const language = options['lang'];
  if (typeof language === 'string' && !isLanguage(language)) {
    throw usage(text('usage.choice', { value: language, known: LANGUAGES.join(', ') }));
  }
  return {
    json: options['json'] === true,
    plain: options['plain'] === true,
    color: options['color'] !== false,
    input: options['input'] !== false,
    yes: options['yes'] === true,
    wait: typeof options['wait'] === 'boolean' ? options['wait'] : null,
    timeout: readTimeout(options['timeout'], text),
    server: typeof options['server'] === 'string' ? options['server'] : null,
    language: typeof language === 'string' && isLanguage(language) ? language : null,
    quiet: options['quiet'] === true,
    debug: options['debug'] === true,
  };
}

/** Without `help` whoever reports it names the command that was typed. */
export function usage(reason: string, help: string = HELP): FunadeError {
  return new FunadeError('FUN_USAGE', { reason, help });
}

export function withHelp(thrown: unknown, help: string): unknown {
  if (!isFunadeError(thrown) || thrown.code !== 'FUN_USAGE' || thrown.values['help'] !== HELP) return thrown;
  return usage(String(thrown.values['reason']), help);
}

function readTimeout(value: unknown, text: Text): number | null {
  if (typeof value !== 'string') return null;
  const timeout = parseDuration(value);
  if (timeout === undefined || timeout <= 0) throw usage(text('usage.duration', { value }));
  return timeout;
}

/**
 * Language of the answers: `--lang`, then FUNADE_LANG, then the locale. Read from the raw arguments, since the help texts
 * and the errors of the arguments themselves need it.
 */
export function chooseLanguage(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Language {
  const inline = argv.find((argument) => argument.startsWith('--lang='))?.slice('--lang='.length);
  const index = argv.indexOf('--lang');
  const flag = inline ?? (index === -1 ? undefined : argv[index + 1]);
  if (flag !== undefined && isLanguage(flag)) return flag;
  const named = [environment['FUNADE_LANG'], environment['LC_ALL'], environment['LC_MESSAGES'], environment['LANG']];
  return languageOf(named.find((name) => name !== undefined && name !== ''));
}

/** The whole number of `--limit`, 20 when left out. */
export function readLimit(value: string | boolean | undefined, language: Language, most = MOST): number {
  if (value === undefined) return 20;
  const limit = Number(value);
  if (!Number.isInteger(limit) || limit < 1 || limit > most) {
    throw usage(textOf(language)('usage.count', { value: String(value), most }));
  }
  return limit;
}

function isLanguage(value: string): value is Language {
  return (LANGUAGES as readonly string[]).includes(value);
}
