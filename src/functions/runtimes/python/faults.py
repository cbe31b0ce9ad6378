"""What went wrong, as the wire tells it."""

import sys

MAX_TYPE = 200
MAX_MESSAGE = 4_096
MAX_LINES = 12
MAX_LINE = 500


class Fault(Exception):
    """A fault in words of its own, which is not simply what the handler threw."""

    def __init__(self, error_type, message, reason=None, place=None):
        super().__init__(message)
        self.error_type = error_type
        self.reason = reason
        self.place = place


def describe(thrown, directory):
    """FaultMeta of an exception. `directory` has the function's code, and tells its frames from all others."""
    fault = {
        'errorType': (thrown.error_type if isinstance(thrown, Fault) else type(thrown).__name__)[:MAX_TYPE],
        'message': _message(thrown)[:MAX_MESSAGE],
        'trace': trace_of(thrown, directory),
    }
    if isinstance(thrown, Fault):
        if thrown.reason is not None:
            fault['reason'] = thrown.reason
        if thrown.place is not None:
            fault['place'] = thrown.place
    return fault


def trace_of(thrown, directory):
    """Frames of the function's own code, the innermost first."""
    lines = []
    entry = thrown.__traceback__
    while entry is not None:
        code = entry.tb_frame.f_code
        name = own_name(code.co_filename, directory)
        if name is not None:
            lines.append(f'File "{name}", line {entry.tb_lineno}, in {code.co_name}'[:MAX_LINE])
        entry = entry.tb_next
    return lines[: -MAX_LINES - 1 : -1]


def own_name(filename, directory):
    """The name of a file below the directory, or of text that the function itself compiled; None for all other code."""
    if filename.startswith('<'):
        return None if filename.startswith('<frozen ') else filename
    root = directory.rstrip('/') + '/'
    runtime = sys.modules['funade_runtime'].__path__[0] + '/'
    if filename.startswith(runtime) or not filename.startswith(root):
        return None
    return filename[len(root) :]


def _message(thrown):
    try:
        return str(thrown)
    except Exception:
        return f'<{type(thrown).__name__} whose text cannot be made>'
