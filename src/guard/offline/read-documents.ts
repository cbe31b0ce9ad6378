import type * as Yaml from 'yaml';
import type { Document as YamlDocument, LineCounter, Node } from 'yaml';
import { messageOf } from '../../kernel/index.ts';
import type { ManifestFault } from './fault.ts';
import { offsetInJson, splitJson } from './json-text.ts';

export type Path = readonly (string | number)[];

/** One document of a file. */
export interface TextDocument {
  /** 1 for the first one. */
  readonly number: number;
  readonly value: unknown;
  /** Line of what stands at a path, or of the nearest part around it. */
  lineOf(path: Path): number;
}

export interface ReadDocuments {
  readonly documents: readonly TextDocument[];
  readonly faults: readonly ManifestFault[];
}

/** Values that one anchor may stand for: a few lines of aliases can stand for billions. */
const MOST_ALIASES = 1000;
/** The parser takes quadratic time for nested brackets. */
const DEEPEST = 200;
/** Lists in lists, begun on one line. */
const DASHES = /(?:[-?][ \t]){200}/u;

/** All documents of a file: YAML with any number of documents, JSON, or JSON values one after another. */
export async function readDocuments(file: string, written: string): Promise<ReadDocuments> {
  const text = written.replace(/^\uFEFF/u, '');
  const json = readJson(file, text);
  if (json?.faults.length === 0) return json;
  const yaml = await readYaml(file, text);
  if (json === null || !file.endsWith('.json')) return yaml;
  // The parser of JSON mostly does not tell where it stopped; what it stopped at is mostly a fault in YAML as well.
  return { ...json, faults: json.faults.map((fault) => ({ ...fault, line: yaml.faults[0]?.line ?? fault.line })) };
}

/** `null`: it does not look like JSON. */
function readJson(file: string, text: string): ReadDocuments | null {
  if (!/^\s*[{[]/u.test(text)) return null;
  const documents: TextDocument[] = [];
  const lineAt = linesOf(text);
  for (const { start, end } of splitJson(text)) {
    try {
      const value: unknown = JSON.parse(text.slice(start, end));
      documents.push({
        number: documents.length + 1,
        value,
        lineOf: (path) => lineAt(offsetInJson(text, start, path)),
      });
    } catch (thrown) {
      const offset = start + Number(/position (\d+)/u.exec(messageOf(thrown))?.[1] ?? 0);
      const reason = messageOf(thrown).replace(/ \(line.*$/u, '');
      return {
        documents,
        faults: [{ code: 'syntax', values: { format: 'JSON', reason }, file, line: lineAt(offset) }],
      };
    }
  }
  return { documents, faults: [] };
}

async function readYaml(file: string, text: string): Promise<ReadDocuments> {
  const yaml = await import('yaml');
  const deep = lineOfDeepBracket(text, yaml.Lexer);
  if (deep !== null)
    return { documents: [], faults: [{ code: 'tooDeep', values: { limit: DEEPEST }, file, line: deep }] };
  const lines = new yaml.LineCounter();
  const faults: ManifestFault[] = [];
  const documents: TextDocument[] = [];
  let number = 0;
  // kubectl reads YAML 1.1: `yes` is a boolean there, and `<<` merges.
  const options = {
    version: '1.1',
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'silent',
  } as const;
  const parsed = yaml.parseAllDocuments(text, options) as readonly YamlDocument.Parsed[];
  for (const document of parsed) {
    number += 1;
    const read = valueOf(document, { file, text, lines, yaml });
    if ('code' in read) faults.push(read);
    else if (read.value !== null && read.value !== undefined) {
      documents.push({ number, value: read.value, lineOf: (path) => lineIn(document, path, lines) });
    }
  }
  return { documents, faults };
}

interface Reading {
  readonly file: string;
  readonly text: string;
  readonly lines: LineCounter;
  readonly yaml: typeof Yaml;
}

function valueOf(
  document: YamlDocument.Parsed,
  { file, text, lines, yaml }: Reading,
): ManifestFault | { readonly value: unknown } {
  const error = document.errors[0];
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    const reason = error.message.replace(/\.$/u, '').split('\n')[0] ?? '';
    if (error.code === 'RESOURCE_EXHAUSTION') return { code: 'tooDeep', values: { limit: DEEPEST }, file, line };
    const isTemplate = /\{\{/u.test(text.split('\n')[line - 1] ?? '');
    const values = { format: 'YAML', reason };
    return { code: isTemplate ? 'template' : 'syntax', values, file, line, column: col };
  }
  const fault = faultInTree(document, yaml);
  if (fault !== null) {
    return { code: fault.code, values: fault.values, file, line: lines.linePos(fault.offset).line };
  }
  try {
    return { value: document.toJS({ maxAliasCount: MOST_ALIASES }) as unknown };
  } catch (thrown) {
    const line = lines.linePos(document.range[0]).line;
    return { code: 'aliases', values: { reason: messageOf(thrown).replace(/\.$/u, '') }, file, line };
  }
}

interface TreeFault extends Pick<ManifestFault, 'code' | 'values'> {
  readonly offset: number;
}

/**
 * Keys that are given twice, which the parser itself looks for in quadratic time, and aliases that lead nowhere or to what
 * they stand in.
 */
function faultInTree(document: YamlDocument.Parsed, yaml: typeof Yaml): TreeFault | null {
  let found: TreeFault | null = null;
  yaml.visit(document, {
    Map(_, map) {
      const keys = new Set<unknown>();
      for (const { key } of map.items) {
        if (!yaml.isScalar(key) || key.value === '<<' || typeof key.value === 'symbol') continue;
        if (keys.has(key.value)) {
          found = { code: 'duplicateKey', values: { key: String(key.value) }, offset: key.range?.[0] ?? 0 };
          return yaml.visit.BREAK;
        }
        keys.add(key.value);
      }
      return undefined;
    },
    Alias(_, alias, path) {
      const target = alias.resolve(document);
      if (target !== undefined && !path.includes(target)) return undefined;
      found = { code: 'aliases', values: { reason: `*${alias.source}` }, offset: alias.range?.[0] ?? 0 };
      return yaml.visit.BREAK;
    },
  });
  return found;
}

function lineIn(document: YamlDocument.Parsed, path: Path, lines: LineCounter): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const part = path.slice(0, length);
    const node = (length === 0 ? document.contents : document.getIn(part, true)) as Node | null | undefined;
    const offset = node?.range?.[0];
    if (offset !== undefined) return Math.max(1, lines.linePos(offset).line);
  }
  return 1;
}

/** Marks of the lexer before the content of a scalar, where a bracket is text. */
const MARKS: readonly string[] = ['\u0002', '\u0018', '\u001F'];

function lineOfDeepBracket(text: string, Lexer: typeof Yaml.Lexer): number | null {
  const dashes = DASHES.exec(text);
  if (dashes !== null) return linesOf(text)(dashes.index);
  if (!mayBeDeep(text)) return null;
  let [offset, depth, isContent] = [0, 0, false];
  for (const token of new Lexer().lex(text)) {
    if (!isContent && MARKS.includes(token)) {
      isContent = token === '\u001F';
      continue;
    }
    if (!isContent && (token === '[' || token === '{')) depth += 1;
    if (!isContent && (token === ']' || token === '}')) depth = Math.max(0, depth - 1);
    if (depth > DEEPEST) return linesOf(text)(offset);
    offset += token.length;
    isContent = false;
  }
  return null;
}

/** Without reading strings: quick, and true too often. */
function mayBeDeep(text: string): boolean {
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/gu)) {
    depth = bracket === '[' || bracket === '{' ? depth + 1 : Math.max(0, depth - 1);
    if (depth > DEEPEST) return true;
  }
  return false;
}

/** Line of an offset, found by halving. */
function linesOf(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
