"""The way out of a function that may reach some hosts: TCP connections to 127.0.0.1 go on to the proxy's unix socket.

One thread serves all of them, because the number of threads of an instance is limited.
"""

import selectors
import socket
import threading

READ_AT_ONCE = 64 * 1024
PROXY_VARIABLES = (('HTTPS_PROXY', 'https_proxy'), ('HTTP_PROXY', 'http_proxy'))
DIRECT_VARIABLES = ('NO_PROXY', 'no_proxy')
DIRECT = 'localhost,127.0.0.1,::1'


def open_egress(path):
    """Starts the bridge and returns its address."""
    listener = socket.create_server(('127.0.0.1', 0))
    listener.setblocking(False)
    threading.Thread(target=Bridge(listener, path).run, name='funade-egress', daemon=True).start()
    return f'http://127.0.0.1:{listener.getsockname()[1]}'


def proxy_variables(address, variables):
    """Both spellings of a variable, unless the function has one of them itself."""
    chosen = {}
    for spellings, value in (*((each, address) for each in PROXY_VARIABLES), (DIRECT_VARIABLES, DIRECT)):
        if not any(name in variables for name in spellings):
            chosen.update(dict.fromkeys(spellings, value))
    return chosen


class Bridge:
    def __init__(self, listener, path):
        self._listener = listener
        self._path = path
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ, None)

    def run(self):
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    self._accept()
                else:
                    key.data.step(key.fileobj)

    def _accept(self):
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        proxy = socket.socket(socket.AF_UNIX)
        try:
            proxy.connect(self._path)
        except OSError:
            client.close()
            proxy.close()
            return
        Connection(client, proxy, self._selector)


class Connection:
    """Two sockets; what is read of one is written to the other before more is read."""

    def __init__(self, client, proxy, selector):
        self._selector = selector
        self._peers = {client: proxy, proxy: client}
        self._waiting = {client: b'', proxy: b''}  # to be written to that socket
        self._ended = set()  # sockets that have nothing more to say
        for end in self._peers:
            end.setblocking(False)
            selector.register(end, selectors.EVENT_READ, self)

    def step(self, end):
        if end not in self._peers:
            return  # closed a moment ago, in the same round
        try:
            self._write(end)
            self._read(end)
        except OSError:
            self._close()
            return
        if len(self._ended) == 2 and not any(self._waiting.values()):
            self._close()
            return
        self._watch()

    def _write(self, end):
        waiting = self._waiting[end]
        try:
            self._waiting[end] = waiting[end.send(waiting) :] if waiting else b''
        except BlockingIOError:
            pass

    def _read(self, end):
        peer = self._peers[end]
        if end in self._ended or self._waiting[peer]:
            return
        try:
            data = end.recv(READ_AT_ONCE)
        except BlockingIOError:
            return
        if data:
            self._waiting[peer] = data
            self._write(peer)
        else:
            self._ended.add(end)
            peer.shutdown(socket.SHUT_WR)

    def _watch(self):
        for end, peer in self._peers.items():
            reads = end not in self._ended and not self._waiting[peer]
            events = (selectors.EVENT_READ if reads else 0) | (selectors.EVENT_WRITE if self._waiting[end] else 0)
            self._select(end, events)

    def _select(self, end, events):
        """A selector knows no socket without events."""
        known = self._selector.get_map().get(end)
        if events == 0:
            if known is not None:
                self._selector.unregister(end)
        elif known is None:
            self._selector.register(end, events, self)
        elif known.events != events:
            self._selector.modify(end, events, self)

    def _close(self):
        ends, self._peers = list(self._peers), {}
        for end in ends:
            self._select(end, 0)
            end.close()
