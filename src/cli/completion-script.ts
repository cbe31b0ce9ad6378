import type { Command } from 'commander';
import { assertNever } from '../kernel/index.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type ShellName = (typeof SHELLS)[number];

export function isShellName(name: string): name is ShellName {
  return (SHELLS as readonly string[]).includes(name);
}

interface Level {
  /** Names typed so far, for example `app add`; empty at the top. */
  readonly path: string;
  readonly words: readonly string[];
}

/** A script for the shell that completes commands, subcommands and flags. */
export function completionScript(shell: ShellName, program: Command): string {
  const flags = longFlags(program);
  const levels = levelsOf(program, '').map((level) => ({ ...level, words: [...level.words, ...flags] }));
  switch (shell) {
    case 'bash':
      return bashScript(levels);
    case 'zsh':
      return `#compdef funade\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(levels)}`;
    case 'fish':
      return fishScript(levels);
    default:
      return assertNever(shell);
  }
}

function levelsOf(command: Command, path: string): readonly Level[] {
  const own = command.parent === null ? [] : longFlags(command);
  const level = { path, words: [...command.commands.map((child) => child.name()), ...own] };
  return [level, ...command.commands.flatMap((child) => levelsOf(child, `${path} ${child.name()}`.trim()))];
}

function longFlags(command: Command): readonly string[] {
  return command.options.flatMap((option) => (option.long === undefined || option.long === null ? [] : [option.long]));
}

function bashScript(levels: readonly Level[]): string {
  const nouns = levels.filter((level) => level.path !== '').map((level) => `    '${level.path}') path="$next" ;;`);
  const cases = levels.map((level) => `    '${level.path}') candidates='${level.words.join(' ')}' ;;`);
  return `_funade() {
  local path='' next='' word candidates index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    next="\${path:+$path }$word"
    case "$next" in
${nouns.join('\n')}
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$candidates" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _funade funade`;
}

function fishScript(levels: readonly Level[]): string {
  const lines = levels.flatMap(({ path, words }) => {
    const seen = path.split(' ').filter((name) => name !== '');
    const condition =
      seen.length === 0
        ? '__fish_use_subcommand'
        : seen.map((name) => `__fish_seen_subcommand_from ${name}`).join('; and ');
    return words.map((word) =>
      word.startsWith('--')
        ? `complete -c funade -f -n '${condition}' -l ${word.slice(2)}`
        : `complete -c funade -f -n '${condition}' -a ${word}`,
    );
  });
  return lines.join('\n');
}
