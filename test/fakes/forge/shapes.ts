import { type FakeRequest, Refusal } from './server.ts';

type FieldType = 'string' | 'boolean' | 'number' | 'strings' | 'object';

/** Fields that a body may have; a name that ends with `!` has to be there. */
export type Shape = Readonly<Record<string, FieldType>>;

/**
 * The body of a request, if it is what the forge documents. An unknown field, which a forge would pass over without a word, is a
 * fault of the client.
 */
export function bodyOf(
  request: FakeRequest,
  shape: Shape,
  fault: (text: string) => void,
): Readonly<Record<string, unknown>> {
  const body = request.body ?? {};
  const problems = typeof body === 'object' && !Array.isArray(body) ? problemsOf(body, shape) : ['it is no object'];
  if (problems.length === 0) return body as Readonly<Record<string, unknown>>;
  fault(`${request.method} ${request.path}: ${problems.join(', ')}`);
  throw new Refusal(422, { message: 'Invalid request', errors: problems.map((message) => ({ message })) });
}

function problemsOf(body: object, shape: Shape): readonly string[] {
  const known = new Map(Object.entries(shape).map(([name, type]) => [name.replace('!', ''), type]));
  const needed = Object.keys(shape)
    .filter((name) => name.endsWith('!'))
    .map((name) => name.slice(0, -1));
  return [
    ...needed.filter((name) => !(name in body)).map((name) => `${name} is missing`),
    ...Object.entries(body).flatMap(([name, value]) => {
      const type = known.get(name);
      if (type === undefined) return [`${name} is no known field`];
      return isOf(value, type) ? [] : [`${name} is no ${type}`];
    }),
  ];
}

function isOf(value: unknown, type: FieldType): boolean {
  if (type === 'strings') return Array.isArray(value) && value.every((each) => typeof each === 'string');
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}

/** Query parameters that an endpoint knows; another one is a fault of the client. */
export function checkQuery(request: FakeRequest, known: readonly string[], fault: (text: string) => void): void {
  const unknown = [...request.query.keys()].filter((name) => !known.includes(name));
  if (unknown.length > 0) fault(`${request.method} ${request.path}: no parameter ${unknown.join(', ')}`);
}
