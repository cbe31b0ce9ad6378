"""The same calculator as in ../nodejs and ../rust: the same input has the same answer, or the same error."""

import json
from math import isfinite

OPERATIONS = {
    'add': lambda a, b: a + b,
    'subtract': lambda a, b: a - b,
    'multiply': lambda a, b: a * b,
    'divide': lambda a, b: a / b,
}


class InputError(Exception):
    """What the caller did wrong. The name of the class is the `errorType` that callers see."""


class InvalidInput(InputError):
    pass


class UnknownOperation(InputError):
    pass


class NotANumber(InputError):
    pass


class DivisionByZero(InputError):
    pass


class OutOfRange(InputError):
    pass


def handler(event, context):
    """Called with an event, it returns the answer or raises. Called over HTTP, it answers with 200 or 400."""
    if not is_http(event):
        return calculate(event)
    try:
        return {'statusCode': 200, 'body': json.dumps(calculate(input_of(event)))}
    except InputError as error:
        answer = {'errorType': type(error).__name__, 'errorMessage': str(error)}
        return {'statusCode': 400, 'body': json.dumps(answer)}


def is_http(event):
    context = event.get('requestContext') if isinstance(event, dict) else None
    return isinstance(context, dict) and context.get('http') is not None


def calculate(given):
    if not isinstance(given, dict):
        raise InvalidInput('the input has to be a JSON object')
    operation = given.get('operation')
    operate = OPERATIONS.get(operation) if isinstance(operation, str) else None
    if operate is None:
        raise UnknownOperation('operation has to be one of add, subtract, multiply, divide')
    a, b = number_of(given, 'a'), number_of(given, 'b')
    if operation == 'divide' and b == 0:
        raise DivisionByZero('b must not be 0')
    result = operate(a, b)
    if not isfinite(result):
        raise OutOfRange('the result is too large')
    return {'result': int(result) if result.is_integer() else result}


def number_of(given, name):
    value = given.get(name)
    # A bool is an int in Python, and not a number in JSON.
    if isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value):
        return float(value)
    raise NotANumber(f'{name} has to be a number')


def input_of(event):
    """The body when there is one, else the query: `?operation=add&a=2&b=3`."""
    if 'body' in event:
        return parsed(event['body'])
    query = event.get('queryStringParameters', {})
    return {'operation': query.get('operation'), 'a': parsed(query.get('a')), 'b': parsed(query.get('b'))}


def parsed(text):
    """None for what is not JSON, or has numbers that no double can hold."""
    try:
        return json.loads(text, parse_int=finite, parse_float=finite, parse_constant=finite)
    except (TypeError, ValueError, RecursionError):
        return None


def finite(text):
    """Python would make infinity of 1e400, and take NaN and Infinity for JSON."""
    value = float(text)
    if isfinite(value):
        return value
    raise ValueError(text)
