"""Frames on fd 3, as the README of `runtimes` has them.

Imports only what is built into the interpreter: everything here stands before the first READY.
"""

import _thread
from _struct import Struct
from posix import _exit, read, register_at_fork, set_blocking, set_inheritable, write

READY, LOAD, INVOKE, RESULT, ERROR, CHUNK, END = 1, 2, 3, 4, 5, 6, 7
INIT_ERROR, PING, PONG, DRAIN = 9, 10, 11, 12

MAX_META = 65_535
MAX_BODY = 6 * 1024 * 1024
FIXED = 7
MAX_LENGTH = FIXED + MAX_META + MAX_BODY
READ_AT_ONCE = 256 * 1024

HEAD = Struct('>IBIH')
LENGTH = Struct('>I')


class Garbage(Exception):
    """What came is no frame, or none that a host sends: the conversation is over."""


class Wire:
    def __init__(self, fd=3):
        self._fd = fd
        set_blocking(fd, True)
        set_inheritable(fd, False)
        register_at_fork(after_in_child=self._forget)

    def _forget(self):
        """A forked child would keep the wire open after its parent is gone, or speak on it."""
        from posix import close

        fd, self._fd = self._fd, -1
        close(fd)

    def frames(self):
        """Yields (type, sequence, meta, body), meta and body as bytes. The process ends where the host closes its end."""
        data = self._read(65_536)
        while True:
            start, size = 0, len(data)
            wanted = 0
            while size - start >= 4:
                wanted = 4 + _length(data, start)
                if size - start < wanted:
                    break
                _, kind, sequence, meta_length = HEAD.unpack_from(data, start)
                end, meta_at = start + wanted, start + HEAD.size
                body_at = meta_at + meta_length
                if body_at > end:
                    raise Garbage('meta longer than its frame')
                yield kind, sequence, data[meta_at:body_at], data[body_at:end]
                start, wanted = end, 0
            if start == size:
                data = self._read(65_536)
            elif wanted == 0:
                data = data[start:] + self._read(65_536)
            else:
                data = self._fill(data[start:], wanted)

    def _fill(self, data, wanted):
        parts, held = [data], len(data)
        while held < wanted:
            part = self._read(min(wanted - held, READ_AT_ONCE))
            parts.append(part)
            held += len(part)
        return b''.join(parts)

    def _read(self, size):
        try:
            data = read(self._fd, size)
        except OSError:
            data = b''
        return data or _exit(0)

    def send(self, kind, sequence, meta, body=b''):
        """Meta and body are bytes, and not longer than the wire allows."""
        data = HEAD.pack(FIXED + len(meta) + len(body), kind, sequence, len(meta)) + meta + body
        try:
            sent = write(self._fd, data)
            while sent < len(data):  # only a signal cuts a blocking write short
                sent += write(self._fd, memoryview(data)[sent:])
        except OSError:
            _exit(0)

    def exit_when_closed(self):
        """Ends the process when the host is gone although a handler keeps the main thread from reading.

        The thread asks for nothing but the end of the conversation, so that no frame ever wakes it.
        """
        _thread.start_new_thread(_wait_for_end, (self._fd,))


def _length(data, start):
    (length,) = LENGTH.unpack_from(data, start)
    if not FIXED <= length <= MAX_LENGTH:
        raise Garbage(f'frame of {length} bytes')
    return length


def _wait_for_end(fd):
    import select

    poller = select.poll()
    poller.register(fd, select.POLLHUP | getattr(select, 'POLLRDHUP', 0))
    poller.poll()
    _exit(0)
