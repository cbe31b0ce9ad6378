import { isDeepStrictEqual } from 'node:util';

/**
 * Evaluates the part of the Common Expression Language that our manifests use, as strictly as the API server: a field that is
 * not there, or a comparison of two kinds of values, is an exception. Not a proof that an API server takes an expression.
 */
export function evaluateCel(expression: string, scope: Scope): unknown {
  const tokens = tokenize(expression);
  const parser: Parser = { tokens, at: 0 };
  const evaluate = ternary(parser);
  if (parser.at < tokens.length) throw new Error(`Unexpected ${String(tokens[parser.at])} in ${expression}`);
  return evaluate(scope);
}

export type Scope = Readonly<Record<string, unknown>>;
type Evaluate = (scope: Scope) => unknown;

interface Parser {
  readonly tokens: readonly string[];
  at: number;
}

const TOKEN =
  /\s*(?:("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(\d+)|([A-Za-z_]\w*)|(==|!=|<=|>=|&&|\|\||[-<>!+?:.,()[\]]))/y;

function tokenize(text: string): readonly string[] {
  const tokens: string[] = [];
  let at = 0;
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (found === null) throw new Error(`Can't read ${text.slice(at)}`);
    tokens.push(found[0].trim());
    at = TOKEN.lastIndex;
  }
  return tokens;
}

function take(parser: Parser, token: string): boolean {
  if (parser.tokens[parser.at] !== token) return false;
  parser.at += 1;
  return true;
}

function expect(parser: Parser, token: string): void {
  if (!take(parser, token)) throw new Error(`Expected ${token}, found ${String(parser.tokens[parser.at])}`);
}

function ternary(parser: Parser): Evaluate {
  const condition = either(parser);
  if (!take(parser, '?')) return condition;
  const yes = either(parser);
  expect(parser, ':');
  const no = ternary(parser);
  return (scope) => (truth(condition(scope)) ? yes(scope) : no(scope));
}

function truth(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new Error(`${JSON.stringify(value)} is neither true nor false`);
  return value;
}

function either(parser: Parser): Evaluate {
  const first = both(parser);
  if (!take(parser, '||')) return first;
  const rest = either(parser);
  return (scope) => truth(first(scope)) || truth(rest(scope));
}

function both(parser: Parser): Evaluate {
  const first = relation(parser);
  if (!take(parser, '&&')) return first;
  const rest = both(parser);
  return (scope) => truth(first(scope)) && truth(rest(scope));
}

const RELATIONS: Readonly<Record<string, (one: never, other: never) => boolean>> = {
  '==': (one, other) => isDeepStrictEqual(one, other),
  '!=': (one, other) => !isDeepStrictEqual(one, other),
  '<': (one, other) => compare(one, other) < 0,
  '<=': (one, other) => compare(one, other) <= 0,
  '>': (one, other) => compare(one, other) > 0,
  '>=': (one, other) => compare(one, other) >= 0,
  in: (one: unknown, items: readonly unknown[]) => items.some((each) => isDeepStrictEqual(each, one)),
};

function compare(one: unknown, other: unknown): number {
  if (typeof one !== 'number' || typeof other !== 'number') throw new Error('Only numbers are compared');
  return one - other;
}

function relation(parser: Parser): Evaluate {
  const left = sum(parser);
  const relate = RELATIONS[parser.tokens[parser.at] ?? ''];
  if (relate === undefined) return left;
  parser.at += 1;
  const right = sum(parser);
  return (scope) => relate(left(scope) as never, right(scope) as never);
}

function sum(parser: Parser): Evaluate {
  let left = unary(parser);
  while (take(parser, '+')) {
    const [one, other] = [left, unary(parser)];
    left = (scope) => add(one(scope), other(scope));
  }
  return left;
}

function add(one: unknown, other: unknown): unknown {
  if (typeof one === 'string' && typeof other === 'string') return one + other;
  if (typeof one === 'number' && typeof other === 'number') return one + other;
  throw new Error(`Can't add ${JSON.stringify(one)} and ${JSON.stringify(other)}`);
}

function unary(parser: Parser): Evaluate {
  if (take(parser, '!')) {
    const value = unary(parser);
    return (scope) => !truth(value(scope));
  }
  return member(parser);
}

function member(parser: Parser): Evaluate {
  let value = primary(parser);
  while (take(parser, '.')) {
    const name = parser.tokens[parser.at] ?? '';
    parser.at += 1;
    value = take(parser, '(') ? call(parser, value, name) : field(value, name);
  }
  return value;
}

function field(of: Evaluate, name: string): Evaluate {
  return (scope) => {
    const value = of(scope);
    if (!hasField(value, name)) throw new Error(`no such key: ${name}`);
    return value[name];
  };
}

/** A field of a manifest that is not set is not there. */
function hasField(value: unknown, name: string): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && (value as Record<string, unknown>)[name] !== undefined;
}

function call(parser: Parser, of: Evaluate, name: string): Evaluate {
  if (name === 'exists') {
    const variable = parser.tokens[parser.at] ?? '';
    parser.at += 1;
    expect(parser, ',');
    const body = ternary(parser);
    expect(parser, ')');
    return (scope) => (of(scope) as readonly unknown[]).some((each) => truth(body({ ...scope, [variable]: each })));
  }
  const argument = ternary(parser);
  expect(parser, ')');
  if (name === 'startsWith') return (scope) => String(of(scope)).startsWith(String(argument(scope)));
  if (name === 'contains') return (scope) => String(of(scope)).includes(String(argument(scope)));
  throw new Error(`Function ${name} is not known`);
}

function primary(parser: Parser): Evaluate {
  const token = parser.tokens[parser.at] ?? '';
  parser.at += 1;
  if (token === '(') {
    const inner = ternary(parser);
    expect(parser, ')');
    return inner;
  }
  if (token === '[') return list(parser);
  if (/^\d/.test(token)) return () => Number(token);
  if (token.startsWith('"')) return () => JSON.parse(token) as string;
  if (token.startsWith("'")) return () => token.slice(1, -1);
  if (token === 'has') return has(parser);
  if (token === 'string') {
    const inner = primary(parser);
    return (scope) => String(inner(scope));
  }
  if (token === 'true' || token === 'false') return () => token === 'true';
  if (token === 'null') return () => null;
  return (scope) => {
    if (!(token in scope)) throw new Error(`undeclared reference to ${token}`);
    return scope[token];
  };
}

function list(parser: Parser): Evaluate {
  const items: Evaluate[] = [];
  while (!take(parser, ']')) {
    if (items.length > 0) expect(parser, ',');
    items.push(ternary(parser));
  }
  return (scope) => items.map((item) => item(scope));
}

/** `has(a.b.c)`: everything but the last field has to be there. */
function has(parser: Parser): Evaluate {
  expect(parser, '(');
  let of = primary(parser);
  let last = '';
  while (take(parser, '.')) {
    if (last !== '') of = field(of, last);
    last = parser.tokens[parser.at] ?? '';
    parser.at += 1;
  }
  expect(parser, ')');
  return (scope) => hasField(of(scope), last);
}
