"""Predictions run in a few threads behind a queue that is never allowed to grow past its bound."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from clary_algorithms.serving.errors import Overloaded, PredictionTimedOut, RequestTimedOut

Input = TypeVar("Input")
Output = TypeVar("Output")


class PredictionPool:
    """Runs one function call a request in `workers` threads; at most `queue_size` more requests wait.

    A request counts from before its body is read until its thread is done, even when its client no longer
    waits, so the bound also bounds the memory that bodies take.
    """

    def __init__(self, *, workers: int, queue_size: int, timeout_seconds: float) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="predict")
        self._capacity = workers + queue_size
        self._timeout_seconds = timeout_seconds
        self._admitted = 0

    async def run(
        self, function: Callable[[Input], Output], read: Callable[[], Awaitable[Input]], /
    ) -> Output:
        """Read a request and call `function` on it in a thread.

        Raises `Overloaded` at once when the queue is full, `RequestTimedOut` and `PredictionTimedOut` when
        the time is up, and what `read` and `function` raise.
        """
        if self._admitted >= self._capacity:
            raise Overloaded("The model server is at capacity: too many requests are waiting. Please retry.")
        self._admitted += 1
        work: asyncio.Future[Output] | None = None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                argument = await read()
                work = asyncio.get_running_loop().run_in_executor(self._threads, function, argument)
                return await asyncio.shield(work)
        except TimeoutError as error:
            if work is None:
                raise RequestTimedOut("The request body did not arrive in time.") from error
            raise PredictionTimedOut(
                f"The prediction took more than {self._timeout_seconds:g} seconds."
            ) from error
        finally:
            if work is None:
                self._admitted -= 1
            else:
                work.add_done_callback(self._release)

    def _release(self, work: "asyncio.Future[Output]") -> None:
        self._admitted -= 1
        if not work.cancelled():
            work.exception()  # Marks the outcome of an abandoned prediction as seen.
