"""Answers that a handler makes piece by piece: generators of text or bytes, plain ones and asynchronous ones."""

from funade_runtime.handler import event_loop
from funade_runtime.payload import unserialisable

CHUNK_SIZE = 64 * 1024


def _plain():
    yield


async def _asynchronous():
    yield


STREAMS = (type(_plain()), type(_asynchronous()))


def is_stream(value):
    return type(value) in STREAMS


def chunks_of(stream):
    """Bytes that fit into frames, none of them empty."""
    for piece in _driven(stream) if type(stream) is STREAMS[1] else stream:
        if isinstance(piece, str):
            piece = piece.encode('utf-8', 'replace')
        elif not isinstance(piece, (bytes, bytearray, memoryview)):
            raise unserialisable(f'a piece of a stream is text or bytes, not {type(piece).__name__}')
        if len(piece) <= CHUNK_SIZE:
            if piece:
                yield bytes(piece)
            continue
        for start in range(0, len(piece), CHUNK_SIZE):
            yield bytes(piece[start : start + CHUNK_SIZE])


def _driven(stream):
    loop = event_loop()
    while True:
        try:
            yield loop.run_until_complete(stream.__anext__())
        except StopAsyncIteration:
            return
