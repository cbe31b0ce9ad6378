"""JSON of events and results, with the limits of the README of `runtimes`.

The package `json` imports `re` and `enum`, which doubles the start time; its C half is all that is needed here. `_json` is an
internal of CPython: where it is missing or has changed, the public package does the same, later.
"""

from funade_runtime.faults import Fault

MAX_DEPTH = 1_000
INFINITY = float('inf')
# Digits that every double can hold, whatever they are.
SAFE_DIGITS = 308
# Each byte as what it may be part of: a digit, an exponent, or nothing that makes a number large.
NUMBER_SHAPES = bytes(48 if 48 <= byte <= 57 else 101 if byte in b'eE' else 32 for byte in range(256))
LONG_NUMBER = b'0' * (SAFE_DIGITS + 1)
STEPS = {91: 1, 123: 1, 93: -1, 125: -1}
NO_BRACKETS = bytes(set(range(256)) - set(STEPS))


def decode(body):
    """The value of an event; an empty one is `{}`. Throws `invalid_event`."""
    if not body:
        return {}
    if body.count(b'[') + body.count(b'{') > MAX_DEPTH and depth_of(body) > MAX_DEPTH:
        raise invalid_event(f'is nested deeper than {MAX_DEPTH} levels')
    try:
        text = body.decode().strip(' \t\r\n')
    except UnicodeDecodeError:
        raise invalid_event('is not UTF-8') from None
    try:
        value, end = (scan_carefully if has_large_numbers(body) else scan)(text, 0)
    except TooLarge:
        raise invalid_event('has a number that no double can hold') from None
    except StopIteration as problem:
        raise invalid_event(f'is not JSON: no value at character {problem.value}') from None
    except Exception as problem:
        raise invalid_event(f'is not JSON: {explained(problem, text)}') from None
    if end != len(text):
        raise invalid_event(f'is not JSON: something follows the value at character {end}')
    return value


def encode(value):
    """Bytes of JSON. Throws `unserialisable`."""
    try:
        text = to_text(value)
    except RecursionError:
        raise unserialisable('it is nested too deeply or contains itself') from None
    except Exception as problem:
        raise unserialisable(str(problem)) from None
    # UTF-8 has no lone surrogates, JSON escapes them: \\udXXX is what this error handler makes of them too.
    return text.encode('utf-8', 'backslashreplace')


def parse(text):
    """JSON of the host itself: meta of frames and the order of LOAD. Throws a ValueError."""
    text = text.decode()
    try:
        value, end = scan(text, 0)
    except (StopIteration, SystemError):
        raise ValueError('no JSON') from None
    if end != len(text):
        raise ValueError('more than one value')
    return value


def explained(problem, text):
    """Until Python 3.12 the C scanner has no words for what it found, unless the package is imported."""
    if not isinstance(problem, SystemError):
        return problem
    from json import JSONDecodeError, JSONDecoder

    try:
        JSONDecoder(strict=True).decode(text)
    except JSONDecodeError as told:
        return told
    return problem


def invalid_event(message):
    return Fault('Runtime.InvalidEvent', f'the event {message}', 'invalid_event')


def unserialisable(message):
    return Fault('Runtime.MarshalError', f"the result can't be written as JSON: {message}", 'unserialisable')


def has_large_numbers(body):
    """Whether a number may be too large for a double. Text that looks like one is taken for one: that is only slower."""
    shapes = body.translate(NUMBER_SHAPES)
    return b'0e' in shapes or LONG_NUMBER in shapes


def depth_of(body):
    """Levels of nesting, from the brackets outside of strings."""
    from itertools import accumulate

    unescaped = body.replace(b'\\\\', b'').replace(b'\\"', b'')
    brackets = b''.join(unescaped.split(b'"')[::2]).translate(None, NO_BRACKETS)
    return max(accumulate(map(STEPS.__getitem__, brackets)), default=0)


class TooLarge(Exception):
    pass


def refuse_constant(name):
    raise ValueError(f'{name} is no value of JSON')


def finite_float(text):
    value = float(text)
    if value in (INFINITY, -INFINITY):
        raise TooLarge
    return value


def finite_int(text):
    if len(text) > SAFE_DIGITS:
        finite_float(text)
    return int(text)


def refuse_object(value):
    raise TypeError(f'Object of type {type(value).__name__} is not JSON serializable')


class _Rules:
    """What the C scanner reads of a decoder."""

    strict = True
    object_hook = object_pairs_hook = array_hook = None
    parse_constant = staticmethod(refuse_constant)

    def __init__(self, parse_float, parse_int):
        self.parse_float = parse_float
        self.parse_int = parse_int


def _from_c():
    from _json import encode_basestring, make_encoder, make_scanner

    encoder = make_encoder(None, refuse_object, encode_basestring, None, ':', ',', False, False, False)

    def to_text(value):
        return ''.join(encoder(value, 0))

    fast, careful = make_scanner(_Rules(float, int)), make_scanner(_Rules(finite_float, finite_int))
    if to_text(fast('[1,"a"]', 0)[0]) != '[1,"a"]':
        raise ImportError('_json is not the one that is known here')
    return fast, careful, to_text


def _from_package():
    import json

    fast = json.JSONDecoder(parse_constant=refuse_constant)
    careful = json.JSONDecoder(parse_constant=refuse_constant, parse_float=finite_float, parse_int=finite_int)
    encoder = json.JSONEncoder(
        ensure_ascii=False, check_circular=False, allow_nan=False, separators=(',', ':'), default=refuse_object
    )
    return fast.scan_once, careful.scan_once, encoder.encode


try:
    scan, scan_carefully, to_text = _from_c()
except (ImportError, TypeError, AttributeError):
    scan, scan_carefully, to_text = _from_package()
