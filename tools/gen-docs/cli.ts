import { Readable } from 'node:stream';
import { type Terminal, runCli } from '../../src/cli/index.ts';
import { type Language, createManualClock } from '../../src/kernel/index.ts';

interface Words {
  readonly title: string;
  readonly intro: string;
}

const WORDS: Readonly<Record<Language, Words>> = {
  en: { title: 'Command line', intro: 'What `funade <command> --help` prints, for every command.' },
  ja: { title: 'コマンドライン', intro: '各コマンドについて、`funade <command> --help` が表示する内容です。' },
};

/** Headings of the English help under which no commands stand. */
const NO_COMMANDS = new Set(['Usage', 'Arguments', 'Options', 'Global options', 'Global Options', 'Exit codes']);
const WIDTH = 100;

/** The reference page of all commands: their own help, found by walking from `funade --help`. */
export async function renderCli(language: Language): Promise<string> {
  const words = WORDS[language];
  const sections: string[] = [];
  async function walk(path: readonly string[]): Promise<void> {
    const help = await helpOf(path, language);
    sections.push(`## \`${['funade', ...path].join(' ')}\``, '', '```text', help.trim(), '```', '');
    const english = language === 'en' ? help : await helpOf(path, 'en');
    for (const name of subcommands(english)) await walk([...path, name]);
  }
  await walk([]);
  return [`# ${words.title}`, '', words.intro, '', ...sections].join('\n');
}

/** Names of the commands that an English help lists. */
export function subcommands(help: string): readonly string[] {
  const names: string[] = [];
  let heading = '';
  for (const line of help.split('\n')) {
    if (/^\S.*:$/.test(line)) heading = line.slice(0, -1);
    const name = /^ {2}([a-z][a-z-]*)(?:\|[a-z-]+)?(?: |$)/.exec(line)?.[1];
    if (name !== undefined && name !== 'help' && heading !== '' && !NO_COMMANDS.has(heading)) names.push(name);
  }
  return names;
}

async function helpOf(path: readonly string[], language: Language): Promise<string> {
  const chunks: string[] = [];
  const output = { columns: WIDTH, isTTY: false, write: (text: string) => chunks.push(text) };
  const terminal: Terminal = {
    stdout: output,
    stderr: output,
    stdin: Readable.from([]),
    environment: { FUNADE_LANG: language },
    directory: '/',
    clock: createManualClock(),
    onInterrupt: () => () => {},
  };
  const exitCode = await runCli([...path, '--help'], terminal);
  if (exitCode !== 0) throw new Error(`funade ${path.join(' ')} --help ended with ${exitCode}: ${chunks.join('')}`);
  return chunks.join('');
}
