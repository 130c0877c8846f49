"""Cut a stream of text lines into blocks that end at a line end."""

from collections.abc import Iterator
from typing import BinaryIO

BLOCK_BYTES = 32 * 1024 * 1024


def read_line_blocks(stream: BinaryIO, *, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Yield about ``block_bytes`` at a time, never splitting a line; only the last may lack a line end."""
    rest = b""
    while block := stream.read(block_bytes):
        block = rest + block
        cut = block.rfind(b"\n") + 1
        rest = block[cut:]
        if cut:
            yield block[:cut]
    if rest:
        yield rest
