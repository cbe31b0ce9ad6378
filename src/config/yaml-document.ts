import { type Node, Lexer, LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { type FaultList, type Path, type Place } from './faults.ts';

/** Reading takes time that grows with the size, at worst about a second for this much. */
const LARGEST = 64 * 1024;
/** Values that a file may have after its aliases are expanded: a few lines of aliases can stand for billions. */
const MOST_VALUES = 10_000;
const DEEPEST = 40;
/** `!` alone and the tags of JSON's types. */
const KNOWN_TAG = /^(?:!|tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq))$/;

/** A YAML file as plain data that still knows where each value was written. */
export interface YamlDocument {
  readonly value: unknown;
  /** Place of the key or the value at a path; of the nearest section around it when there is nothing at the path. */
  place(path: Path, part?: 'key' | 'value'): Place;
  /** The scalar at a path as it was written, without quotes: `1.10` stays `1.10`. */
  source(path: Path): string | undefined;
  has(path: Path): boolean;
}

interface Written {
  readonly key: number;
  readonly value: number;
  readonly source: string | undefined;
}

/** Reads one YAML document. Faults of syntax end here; a key given twice is a fault and the first one counts. */
export function readYaml(text: string, faults: FaultList): YamlDocument | undefined {
  const size = Buffer.byteLength(text);
  if (size > LARGEST) {
    faults.add('tooLarge', { size: Math.ceil(size / 1024), limit: LARGEST / 1024 }, { place: { line: 1, column: 1 } });
    return undefined;
  }
  const lines = new LineCounter();
  const deep = offsetOfDeepBracket(text);
  if (deep !== undefined) {
    const before = text.slice(0, deep);
    const place = { line: before.split('\n').length, column: deep - before.lastIndexOf('\n') };
    faults.add('tooDeep', {}, { place });
    return undefined;
  }
  const parsed = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Our own reader looks for keys that are given twice, in less than quadratic time.
    uniqueKeys: false,
    logLevel: 'silent',
  });
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (reportSyntax(parsed.errors, place, faults)) return undefined;
  const contents = parsed.contents as Node | null;
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    faults.add('empty', {}, { place: { line: 1, column: 1 } });
    return undefined;
  }
  const reader = createReader(faults, place);
  const value = reader.read(contents, [], contents.range?.[0] ?? 0);
  if (reader.broken()) return undefined;
  return {
    value,
    has: (path) => reader.written.has(pathKey(path)),
    source: (path) => reader.written.get(pathKey(path))?.source,
    place: (path, part = 'value') => {
      const own = reader.written.get(pathKey(path));
      if (own !== undefined) return place(part === 'key' ? own.key : own.value);
      for (let length = path.length - 1; length >= 0; length -= 1) {
        const around = reader.written.get(pathKey(path.slice(0, length)));
        if (around !== undefined) return place(around.key);
      }
      return { line: 1, column: 1 };
    },
  };
}

/**
 * Offset of the first bracket that opens too deep. The parser itself needs seconds for tens of thousands of brackets, the
 * lexer does not. It marks the content of scalars, where a bracket is text.
 */
function offsetOfDeepBracket(text: string): number | undefined {
  const marks = ['\u0002', '\u0018', '\u001f'];
  let offset = 0;
  let depth = 0;
  let isContent = false;
  for (const token of new Lexer().lex(text)) {
    if (!isContent && marks.includes(token)) {
      isContent = token === '\u001f';
      continue;
    }
    if (!isContent && (token === '[' || token === '{')) depth += 1;
    if (!isContent && (token === ']' || token === '}')) depth = Math.max(0, depth - 1);
    if (depth > DEEPEST) return offset;
    offset += token.length;
    isContent = false;
  }
  return undefined;
}

/** Whether the tree is unusable. One fault a line: what follows an error on its line is usually the same error. */
function reportSyntax(
  errors: readonly { readonly code: string; readonly message: string; readonly pos: readonly [number, number] }[],
  place: (offset: number) => Place,
  faults: FaultList,
): boolean {
  const exhausted = errors.some((error) => error.code === 'RESOURCE_EXHAUSTION');
  if (exhausted) {
    const first = Math.min(...errors.map((error) => error.pos[0]));
    faults.add('tooDeep', {}, { place: place(first) });
    return true;
  }
  const seen = new Set<number>();
  let unusable = false;
  for (const error of errors) {
    unusable = true;
    const at = place(error.pos[0]);
    if (seen.has(at.line)) continue;
    seen.add(at.line);
    faults.add('syntax', { reason: error.message.replace(/\.$/, '') }, { place: at });
  }
  return unusable;
}

function createReader(faults: FaultList, place: (offset: number) => Place) {
  const anchors = new Map<string, Node>();
  const anchored = new Set<Node>();
  const written = new Map<string, Written>();
  const open = new Set<Node>();
  let values = 0;
  let broken = false;
  /** After a limit was reached nothing more is read: the rest of the file could be as large again. */
  let halted = false;

  /** Reading goes in the order of the file, so the anchor of an alias is the last one of that name. */
  function resolve(node: Node): Node | undefined {
    if (isAlias(node)) return anchors.get(node.source);
    if (node.anchor !== undefined && !anchored.has(node)) {
      anchored.add(node);
      anchors.set(node.anchor, node);
    }
    return node;
  }

  function fail(key: 'unknownAlias' | 'circularAlias' | 'badMerge', node: Node, path: Path): undefined {
    broken = true;
    const found = isAlias(node) ? `*${node.source}` : undefined;
    faults.add(key, { found }, { path, place: place(node.range?.[0] ?? 0) });
    return undefined;
  }

  function halt(key: 'tooManyAliases' | 'tooDeep', offset: number): undefined {
    faults.add(key, { limit: MOST_VALUES }, { place: place(offset) });
    broken = true;
    halted = true;
    return undefined;
  }

  function read(given: Node | null, path: Path, keyOffset: number): unknown {
    if (halted) return undefined;
    values += 1;
    if (values > MOST_VALUES) return halt('tooManyAliases', keyOffset);
    if (given === null) return note(null, path, { key: keyOffset, value: keyOffset, source: undefined });
    const node = resolve(given);
    if (node === undefined) return fail('unknownAlias', given, path);
    if (open.has(node)) return fail('circularAlias', given, path);
    if (node.tag !== undefined && !KNOWN_TAG.test(node.tag)) {
      faults.add('unknownTag', { found: node.tag }, { path, place: place(given.range?.[0] ?? 0) });
    }
    if (path.length > DEEPEST) return halt('tooDeep', given.range?.[0] ?? keyOffset);
    const offset = given.range?.[0] ?? keyOffset;
    const source = isScalar(node) ? node.source : undefined;
    const value = isScalar(node) ? node.value : undefined;
    note(value, path, { key: keyOffset, value: offset, source });
    if (isScalar(node)) return value;
    open.add(node);
    const collection = isSeq(node) ? readList(node.items as Node[], path) : readMap(node, path);
    open.delete(node);
    return collection;
  }

  function note(value: unknown, path: Path, where: Written): unknown {
    written.set(pathKey(path), where);
    return value;
  }

  function readList(items: readonly (Node | null)[], path: Path): unknown[] {
    return items.map((item, index) => read(item, [...path, index], item?.range?.[0] ?? 0));
  }

  function readMap(node: Node, path: Path): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    if (!isMap<Node, Node | null>(node)) return result;
    const merges: Node[] = [];
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? scalarKey(key.value) : undefined;
      const at = key?.range?.[0] ?? node.range?.[0] ?? 0;
      if (name === undefined) {
        faults.add('keyNotText', {}, { path, place: place(at) });
      } else if (name === '<<') {
        if (value !== null) merges.push(value);
      } else if (Object.hasOwn(result, name)) {
        faults.add('duplicateKey', { key: name }, { path: [...path, name], place: place(at) });
      } else {
        define(result, name, read(value, [...path, name], at));
      }
    }
    for (const merge of merges) mergeInto(result, merge, path);
    return result;
  }

  /** YAML's `<<`: keys of the section itself win over merged ones, earlier merged ones over later. */
  function mergeInto(result: Record<string, unknown>, given: Node, path: Path): void {
    const source = resolve(given);
    if (source === undefined) return void fail('unknownAlias', given, path);
    if (open.has(source)) return void fail('circularAlias', given, path);
    open.add(source);
    if (isSeq<Node>(source)) {
      for (const item of source.items) mergeInto(result, item, path);
    } else if (isMap<Node, Node | null>(source)) {
      for (const { key, value } of source.items) {
        const name = isScalar(key) ? scalarKey(key.value) : undefined;
        if (name === '<<' && value !== null) mergeInto(result, value, path);
        else if (name !== undefined && !Object.hasOwn(result, name)) {
          define(result, name, read(value, [...path, name], key.range?.[0] ?? 0));
        }
      }
    } else {
      fail('badMerge', given, path);
    }
    open.delete(source);
  }

  return { read, written, broken: () => broken };
}

function scalarKey(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** A plain assignment to `__proto__` would change the object's prototype instead of adding a key. */
function define(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
}

function pathKey(path: Path): string {
  return JSON.stringify(path);
}
