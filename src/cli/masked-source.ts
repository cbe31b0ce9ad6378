import { type OptionKind, serverOptions } from '../config/index.ts';

/** Options of these kinds hold what nobody may read on a screen, or texts that may hold it. */
const CLOSED: ReadonlySet<OptionKind> = new Set([
  'databaseUrl',
  'script',
  'mcp',
  'privateKey',
  'publicKey',
  'key',
  'secret',
  'secrets',
]);
const OPEN: ReadonlySet<string> = new Set(
  serverOptions.filter(({ kind }) => !CLOSED.has(kind)).map(({ name }) => name),
);

const LINE = /^(?<indent>\s*)(?<key>[\w.-]+)(?<colon>:\s*)(?<value>.*)$/u;
/** A reference shows the name of a variable and not its value. */
const REFERENCE = /^(?:"\$\{\w+\}"|'\$\{\w+\}'|\$\{\w+\})$/u;

/**
 * The text of a server's configuration with every value masked that may be a secret, line by line and column by column as it was.
 * What is shown is known to be harmless: a typing error in the name of a secret option must not show its value, and a file that
 * can't be parsed has no options at all.
 */
export function maskedSource(source: string): string {
  const parents: { readonly indent: number; readonly key: string }[] = [];
  return source
    .split('\n')
    .map((line) => {
      const { indent = '', key, colon = '', value = '' } = LINE.exec(line)?.groups ?? {};
      if (key === undefined) return maskedRest(line);
      while ((parents.at(-1)?.indent ?? -1) >= indent.length) parents.pop();
      const path = [...parents.map((parent) => parent.key), key].join('.');
      parents.push({ indent: indent.length, key });
      return `${indent}${key}${colon}${OPEN.has(path) ? withoutPassword(value) : masked(value)}`;
    })
    .join('\n');
}

/** Items of lists, lines of longer texts, comments, and what is no YAML. */
function maskedRest(line: string): string {
  const { start = '', rest = '' } = /^(?<start>\s*(?:- )?)(?<rest>.*)$/u.exec(line)?.groups ?? {};
  return `${start}${masked(rest)}`;
}

function masked(value: string): string {
  return value.trim() === '' || REFERENCE.test(value.trim()) ? value : '***';
}

/** An address may have one before its host or behind it, misspelt as it may be, and a comment behind a value may say anything. */
function withoutPassword(value: string): string {
  return value
    .replace(/\s#.*$/u, '')
    .replace(/^(["']?(?:\w+:\/\/)?).*@/u, '$1***@')
    .replace(/([?#])[^"']+/u, '$1***');
}
