"""LOAD and INVOKE: from the bytes of a frame to the handler and back."""

import builtins
import os
import sys
import time

from funade_runtime import wire as protocol
from funade_runtime.context import Context
from funade_runtime.faults import Fault, describe
from funade_runtime.handler import load_handler, settle
from funade_runtime.payload import decode, encode, parse
from funade_runtime.process import flush
from funade_runtime.stream import chunks_of, is_stream

NOTHING = b'{}'
STREAMED = b'{"status":200,"headers":{},"cookies":[],"stream":true}'


class Calls:
    def __init__(self, wire):
        self._wire = wire
        self._order = None
        self._handler = None

    def load(self, sequence, body):
        if self._order is not None:
            raise protocol.Garbage('a second LOAD')
        self._order = order = parsed(body)
        try:
            prepare_process(order)
            self._handler = load(order)
        except Exception as thrown:
            self._tell(protocol.INIT_ERROR, sequence, thrown)
            return
        flush()
        self._wire.send(protocol.READY, sequence, NOTHING)

    def invoke(self, sequence, meta, body):
        if self._handler is None:
            raise protocol.Garbage('an INVOKE without a function')
        meta = parsed(meta)
        chunks = None
        try:
            head, answer = self._answer(meta, body)
            if is_stream(answer):
                # The first piece goes before the RESULT, so that what fails at once is an ERROR with a status of its own.
                chunks = chunks_of(answer)
                answer = next(chunks, b'')
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as thrown:
            self._tell(protocol.ERROR, sequence, thrown)
            return
        flush()
        if chunks is None:
            self._wire.send(protocol.RESULT, sequence, head, answer)
        else:
            self._stream(sequence, head, answer, chunks)

    def _answer(self, meta, body):
        """(meta of RESULT, body) where the body is bytes, or what the handler streams."""
        context = Context(self._order, meta)
        if meta['kind'] == 'http':
            return self._http_answer(meta, body, context)
        value = settle(self._handler(decode(body), context))
        if is_stream(value):
            return STREAMED, value
        return NOTHING, limited(encode(value))

    def _http_answer(self, meta, body, context):
        from funade_runtime.http_event import to_answer, to_event

        event = to_event(meta, body, self._order['functionName'])
        head, answer = to_answer(settle(self._handler(event, context)))
        if not is_stream(answer):
            return head, limited(answer)
        return head, answer

    def _stream(self, sequence, head, first, chunks):
        send = self._wire.send
        send(protocol.RESULT, sequence, head)
        try:
            if first:
                send(protocol.CHUNK, sequence, b'', first)
            for chunk in chunks:
                send(protocol.CHUNK, sequence, b'', chunk)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as thrown:
            self._tell(protocol.END, sequence, thrown)
            return
        flush()
        send(protocol.END, sequence, NOTHING)

    def _tell(self, kind, sequence, thrown):
        fault = encode(describe(thrown, self._order['directory']))
        flush()
        self._wire.send(kind, sequence, fault)


def parsed(text):
    try:
        value = parse(text)
    except ValueError as problem:
        raise protocol.Garbage(f'no JSON: {problem}') from None
    if not isinstance(value, dict):
        raise protocol.Garbage('JSON that is no object')
    return value


def limited(body):
    if len(body) > protocol.MAX_BODY:
        raise Fault(
            'Function.ResponseSizeTooLarge',
            f'the response has {len(body)} bytes; {protocol.MAX_BODY} are allowed',
            'response_too_large',
        )
    return body


def prepare_process(order):
    """What the function finds around it, before any of its code runs."""
    directory, variables = order['directory'], order['variables']
    os.environ.update(variables)
    if 'TZ' in variables:
        time.tzset()
    if order['egress'] is not None:
        from funade_runtime.egress import open_egress, proxy_variables

        os.environ.update(proxy_variables(open_egress(order['egress']), variables))
    if order['files'] is not None:
        from funade_runtime.carried import write_files

        write_files(directory, order['files'])
    os.chdir(directory)
    sys.argv = [order['handler']]
    sys.path.insert(0, directory)
    # `site`, which is not imported, would define them.
    builtins.exit = builtins.quit = sys.exit


def load(order):
    if order['form'] != 'script':
        return load_handler(order['handler'], order['directory'])
    from funade_runtime.script import load_script

    return load_script(order['handler'], order['directory'])
