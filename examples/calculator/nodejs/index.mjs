// The same calculator as in ../python and ../rust: the same input has the same answer, or the same error.

const OPERATIONS = new Map([
  ['add', (a, b) => a + b],
  ['subtract', (a, b) => a - b],
  ['multiply', (a, b) => a * b],
  ['divide', (a, b) => a / b],
]);

/** What the caller did wrong. Its name is the `errorType` that callers see. */
class InputError extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

/** Called with an event, it returns the answer or throws. Called over HTTP, it answers with 200 or 400. */
export async function handler(event) {
  if (event?.requestContext?.http == null) return calculate(event);
  try {
    return { statusCode: 200, body: JSON.stringify(calculate(inputOf(event))) };
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    const { name: errorType, message: errorMessage } = thrown;
    return { statusCode: 400, body: JSON.stringify({ errorType, errorMessage }) };
  }
}

function calculate(input) {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new InputError('InvalidInput', 'the input has to be a JSON object');
  const operate = OPERATIONS.get(input.operation);
  if (operate === undefined)
    throw new InputError('UnknownOperation', 'operation has to be one of add, subtract, multiply, divide');
  const [a, b] = [numberOf(input, 'a'), numberOf(input, 'b')];
  if (input.operation === 'divide' && b === 0) throw new InputError('DivisionByZero', 'b must not be 0');
  const result = operate(a, b);
  if (!Number.isFinite(result)) throw new InputError('OutOfRange', 'the result is too large');
  return { result };
}

function numberOf(input, name) {
  if (Number.isFinite(input[name])) return input[name];
  throw new InputError('NotANumber', `${name} has to be a number`);
}

/** The body when there is one, else the query: `?operation=add&a=2&b=3`. */
function inputOf({ body, queryStringParameters: query = {} }) {
  if (body !== undefined) return parsed(body);
  return { operation: query.operation, a: parsed(query.a), b: parsed(query.b) };
}

/** Undefined for what is not JSON, or has numbers that no double can hold. */
function parsed(text) {
  try {
    return JSON.parse(text, refuseInfinity);
  } catch {
    return undefined;
  }
}

/** JSON.parse makes Infinity of 1e400. */
function refuseInfinity(key, value) {
  if (Math.abs(value) === Infinity) throw new RangeError(`${key} is too large`);
  return value;
}
