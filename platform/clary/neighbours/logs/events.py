"""Log events: put a batch, read a stream forward, backward, or as it grows.

Events come in the order in which they arrived (AWS sorts by time; a container's output is in order anyway). The
tokens are positions in the stream's file, so that a reader who holds one sees every later line exactly once.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from clary.aws.operations import Context, Request, Response, operation
from clary.kernel import clock
from clary.neighbours.logs.lookup import (
    InvalidParameter,
    file_of,
    invalid_token,
    require_group,
    require_stream,
)
from clary.neighbours.logs.streams import sequence_token
from clary.store.log_files import MAX_MESSAGE_BYTES, Line, LogFile, append_lines
