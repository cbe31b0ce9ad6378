"""HTTP requests as events of an API Gateway HTTP API (payload format 2.0), and answers from what a handler returned.

`test/fixtures/http-events.json` has the cases on which all runtimes agree.
"""

from time import gmtime

from funade_runtime.faults import Fault
from funade_runtime.payload import encode
from funade_runtime.stream import is_stream
from funade_runtime.wire import MAX_META

TEXT_TYPES = tuple('application/' + kind for kind in ('json', 'javascript', 'xml', 'ld+json', 'graphql'))
TEXT_SUFFIXES = ('json', 'xml')


def to_event(meta, body, function_name):
    headers, cookies, query, time = meta['headers'], meta['cookies'], meta['query'], meta['time']
    event = {
        'version': '2.0',
        'routeKey': meta['routeKey'],
        'rawPath': meta['path'],
        'rawQueryString': query,
    }
    if cookies:
        event['cookies'] = cookies
    event['headers'] = headers
    if query:
        event['queryStringParameters'] = parse_query(query)
    event['requestContext'] = {
        'accountId': 'anonymous',
        'apiId': function_name,
        'domainName': headers.get('host', ''),
        'domainPrefix': '',
        'http': {
            'method': meta['method'],
            'path': meta['path'],
            'protocol': 'HTTP/1.1',
            'sourceIp': meta['sourceIp'],
            'userAgent': headers.get('user-agent', ''),
        },
        'requestId': meta['requestId'],
        'routeKey': meta['routeKey'],
        'stage': meta['stage'],
        'time': iso_time(time),
        'timeEpoch': time,
    }
    text = text_of(headers.get('content-type'), body)
    if body:
        event['body'] = to_base64(body) if text is None else text
    event['isBase64Encoded'] = text is None
    return event


def iso_time(milliseconds):
    seconds, rest = divmod(int(milliseconds), 1000)
    year, month, day, hour, minute, second = gmtime(seconds)[:6]
    return f'{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{rest:03}Z'


def text_of(content_type, body):
    """The body as text, None when it is none."""
    if content_type is not None and not is_text_type(content_type):
        return None if body else ''
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def is_text_type(content_type):
    kind = content_type.lower()
    if kind.startswith('text/') or any(starts_with_word(kind, 0, prefix) for prefix in TEXT_TYPES):
        return True
    plus = kind.find('+', 1)
    end = kind.find(';')
    while plus != -1 and (end == -1 or plus < end):
        if any(starts_with_word(kind, plus + 1, suffix) for suffix in TEXT_SUFFIXES):
            return True
        plus = kind.find('+', plus + 1)
    return False


def starts_with_word(text, start, word):
    """Whether the word stands there and ends there: `json` does in `json; a=b`, not in `json5`."""
    if not text.startswith(word, start):
        return False
    after = text[start + len(word) : start + len(word) + 1]
    return not (after.isascii() and (after.isalnum() or after == '_'))


def parse_query(query):
    """As URLSearchParams reads it; values of one name are joined with commas."""
    values = {}
    for pair in query[1 if query.startswith('?') else 0 :].split('&'):
        if not pair:
            continue
        name, _, value = pair.partition('=')
        name, value = unescape(name), unescape(value)
        values[name] = f'{values[name]},{value}' if name in values else value
    return values


def unescape(text):
    text = text.replace('+', ' ')
    if '%' not in text:
        return text
    first, *parts = text.encode('utf-8', 'replace').split(b'%')
    pieces = [first]
    for part in parts:
        digits = part[:2]
        # int() would also take `+1` and ` 1`.
        is_escape = len(digits) == 2 and digits.isalnum() and all(byte in b'0123456789abcdefABCDEF' for byte in digits)
        pieces.append(bytes((int(digits, 16),)) + part[2:] if is_escape else b'%' + part)
    return b''.join(pieces).decode('utf-8', 'replace')


def to_base64(body):
    from binascii import b2a_base64

    return b2a_base64(body, newline=False).decode('ascii')


def to_answer(value):
    """(meta of RESULT, body) of what a handler returned; the body is bytes, or what the handler streams."""
    if is_stream(value):
        value = {'statusCode': 200, 'body': value}
    if not (isinstance(value, dict) and 'statusCode' in value):
        body = to_utf8(value) if isinstance(value, str) else encode(value)
        return head_of({'status': 200, 'headers': {'content-type': 'application/json'}, 'cookies': []}), body
    head = {'status': status_of(value['statusCode']), 'headers': headers_of(value), 'cookies': cookies_of(value)}
    body = body_of(value.get('body'), value.get('isBase64Encoded') is True)
    if is_stream(body):
        head['headers'].setdefault('content-type', 'text/plain')
        head['stream'] = True
    elif body:
        head['headers'].setdefault('content-type', 'application/json')
    return head_of(head), body


def head_of(meta):
    head = encode(meta)
    if len(head) > MAX_META:
        raise bad_response(f'headers and cookies have {len(head)} bytes; {MAX_META} are allowed')
    return head


def cookies_of(answer):
    cookies = answer.get('cookies')
    return [to_text(cookie) for cookie in cookies] if isinstance(cookies, (list, tuple)) else []


def status_of(value):
    status = None
    if isinstance(value, str) and value.isascii() and value.strip().isdigit():
        status = int(value) if len(value) < 10 else None
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1:
        status = int(value)
    if status is None or not 200 <= status <= 599:
        raise bad_response(f'statusCode {value!r} is not an HTTP status of 200 to 599')
    return status


def headers_of(answer):
    headers = {}
    for name, values in mapping_of(answer, 'multiValueHeaders').items():
        if isinstance(values, (list, tuple)):
            headers[to_text(name).lower()] = ','.join(map(to_text, values))
    for name, value in mapping_of(answer, 'headers').items():
        if value is not None:
            headers[to_text(name).lower()] = to_text(value)
    return headers


def mapping_of(answer, name):
    value = answer.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad_response(f'{name} is a {type(value).__name__}; it has to be a dict')
    return value


def body_of(body, is_base64):
    if body is None:
        return b''
    if isinstance(body, str):
        return from_base64(body) if is_base64 else to_utf8(body)
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body)
    if is_stream(body):
        return body
    raise bad_response(f'body is a {type(body).__name__}; it has to be text, bytes or a generator of them')


def from_base64(text):
    from binascii import a2b_base64

    try:
        # Both alphabets, and padding that was left away: as lenient as Node.js.
        data = text.rstrip('=').replace('-', '+').replace('_', '/').encode('ascii')
        return a2b_base64(data + b'=' * (-len(data) % 4))
    except ValueError as problem:
        raise bad_response(f'body is not base64: {problem}') from None


def to_text(value):
    """A value of a header the way other runtimes write it."""
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if value is None:
        return 'null'
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value)


def to_utf8(text):
    try:
        return text.encode()
    except UnicodeEncodeError:  # lone surrogates
        return text.encode('utf-16-le', 'surrogatepass').decode('utf-16-le', 'replace').encode()


def bad_response(message):
    return Fault('Function.InvalidResponse', message, 'bad_response')
