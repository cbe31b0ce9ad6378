import type { Language } from '../kernel/index.ts';
import { type Client, createClient } from './client.ts';
import { findConnection } from './connection.ts';
import type { GlobalFlags } from './flags.ts';
import { type Text, textOf } from './locales/index.ts';
import type { Screen } from './render/screen.ts';
import type { OutputStream, Terminal } from './terminal.ts';

/** What a command works with. */
export interface Context {
  readonly flags: GlobalFlags;
  readonly terminal: Terminal;
  readonly language: Language;
  readonly text: Text;
  /** Whether a person can be asked. */
  readonly interactive: boolean;
  /** The client of the chosen server, with its token; made when first used. */
  client(): Promise<Client>;
  /** The result: JSON with `--json`, else the rendered lines, on standard output. */
  show(value: unknown, render: (screen: Screen) => readonly string[]): void;
  /** One JSON line on standard output. */
  json(value: unknown): void;
  /** Lines on standard output. */
  print(lines: readonly string[]): void;
  /** Progress on standard error; silent with `--quiet`. */
  note(line: string): void;
  screen(stream?: OutputStream): Screen;
}

export function createContext(flags: GlobalFlags, terminal: Terminal, language: Language): Context {
  let client: Promise<Client> | undefined;
  const text = textOf(language);
  const screen = (stream: OutputStream = terminal.stdout): Screen => screenOf(stream, { flags, terminal, language });
  const print = (lines: readonly string[]): void => {
    if (lines.length > 0) terminal.stdout.write(lines.map((line) => `${line}\n`).join(''));
  };
  const json = (value: unknown): void => print([JSON.stringify(value)]);
  return {
    flags,
    terminal,
    language,
    text,
    interactive: flags.input && !flags.json && terminal.stdin.isTTY === true && terminal.stderr.isTTY === true,
    client: () => (client ??= openClient(flags, terminal, language)),
    show: (value, render) => {
      if (flags.json) print([JSON.stringify(value, null, 2)]);
      else print(render(screen()));
    },
    json,
    print,
    note: (line) => {
      if (!flags.quiet) terminal.stderr.write(`${line}\n`);
    },
    screen,
  };
}

async function openClient(flags: GlobalFlags, terminal: Terminal, language: Language): Promise<Client> {
  const connection = await findConnection(flags, terminal);
  return createClient({
    server: connection.server,
    token: connection.token,
    language,
    tokenFix: textOf(language)('token.fix'),
    ...(flags.debug ? { trace: (line) => terminal.stderr.write(`${line}\n`) } : {}),
  });
}

interface Place {
  readonly flags: GlobalFlags;
  readonly terminal: Terminal;
  readonly language: Language;
}

export function screenOf(stream: OutputStream, { flags, terminal, language }: Place): Screen {
  const plain = flags.plain;
  const columns = stream.isTTY === true ? (stream.columns ?? 80) : Number(terminal.environment['COLUMNS']) || 120;
  return {
    width: Math.max(40, columns),
    language,
    color: flags.color && !plain && wantsColor(stream, terminal.environment),
    ascii: plain || isAsciiOnly(terminal.environment),
    now: terminal.clock.now(),
    plain,
  };
}

function wantsColor(stream: OutputStream, environment: Terminal['environment']): boolean {
  if ((environment['NO_COLOR'] ?? '') !== '') return false;
  const forced = environment['FORCE_COLOR'] ?? '';
  if (forced !== '') return forced !== '0';
  return stream.isTTY === true && environment['TERM'] !== 'dumb';
}

/** Only a locale that is named and is not UTF-8 says so; containers often name none and show UTF-8 well. */
function isAsciiOnly(environment: Terminal['environment']): boolean {
  if (environment['TERM'] === 'dumb') return true;
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || '';
  return locale !== '' && !/utf-?8/iu.test(locale);
}
