"""The life of one instance: READY, one LOAD, then one call after the other until the host closes the wire or drains."""

import sys

from funade_runtime import wire as protocol
from funade_runtime.process import FAILED, exit_code, leave, say, set_up_output
from funade_runtime.wire import Garbage, Wire

INTERRUPTED = 130
# A handler has the usual 1,000 levels, and JSON as many below the deepest of them.
RECURSION_LIMIT = 2_500


def main():
    try:
        wire = Wire()
    except OSError as problem:
        sys.exit(f'funade: fd 3 is not the wire to a host, which is what starts this program: {problem}')
    version = '.'.join(map(str, sys.version_info[:3]))
    wire.send(protocol.READY, 0, f'{{"runtime":"python","version":"{version}"}}'.encode())
    # All else is done while the host makes its LOAD.
    wire.exit_when_closed()
    set_up_output()
    sys.setrecursionlimit(RECURSION_LIMIT)
    from funade_runtime.calls import Calls

    try:
        serve(wire, Calls(wire))
    except Garbage as problem:
        say(f'funade: what came on fd 3 is not from a host: {problem}')
        leave(FAILED)
    except SystemExit as end:
        leave(exit_code(end.code))
    except KeyboardInterrupt:
        leave(INTERRUPTED)


def serve(wire, calls):
    for kind, sequence, meta, body in wire.frames():
        if kind == protocol.INVOKE:
            calls.invoke(sequence, meta, body)
        elif kind == protocol.PING:
            wire.send(protocol.PONG, sequence, b'')
        elif kind == protocol.LOAD:
            calls.load(sequence, body)
        elif kind == protocol.DRAIN:
            leave(0)
        else:
            raise Garbage(f'a frame of type {kind}')
