"""How the process speaks on stdout and stderr, and how it ends."""

import sys
from posix import _exit

FAILED = 1


def set_up_output():
    """Lines reach the pipe when they are written, in UTF-8 whatever the locale, and no character makes print() fail."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding='utf-8', errors='backslashreplace', line_buffering=True)


def flush():
    """What was written without an end of line."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass  # closed or replaced by the function


def leave(code):
    """Ends the process as an exit does, except that it waits for no thread: those of a function may run for ever."""
    import atexit

    try:
        atexit._run_exitfuncs()
    except BaseException as problem:
        say(f'{type(problem).__name__} at exit: {problem}')
    flush()
    _exit(code)


def exit_code(code):
    """What Python makes of the argument of sys.exit()."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    say(str(code))
    return FAILED


def say(text):
    """On stderr, if the function left it open."""
    try:
        sys.stderr.write(text + '\n')
    except (OSError, ValueError, AttributeError):
        pass
