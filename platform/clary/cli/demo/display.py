"""Shows the demo: live on a terminal, as plain lines elsewhere."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from clary.cli.demo.timeline import Audience, Stage, Timeline

LOG_LINES = 8
BAR_WIDTH = 40


class PlainDisplay:
    """One line an event."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def begin(self, stage: Stage) -> None:
        """Name the stage."""
        self._print(f"{stage.name} ...")

    def say(self, line: str) -> None:
        """Print the line, set in."""
        self._print(f"  | {line}")

    def end(self, stage: Stage) -> None:
        """Print how long it took."""
        note = f" ({stage.note})" if stage.note else ""
        self._print(f"  done in {stage.seconds:.2f} s{note}")

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class LiveDisplay:
    """Finished stages with a tick, the running one with a spinner and the last lines of its log."""

    def __init__(self, console: Console) -> None:
        self._finished: list[Text] = []
        self._spinner: Spinner | None = None
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self.live = Live(console=console, get_renderable=self._render, refresh_per_second=12)

    def begin(self, stage: Stage) -> None:
        """Show the stage as running."""
        self._log.clear()
        self._spinner = Spinner("dots", text=stage.name)

    def say(self, line: str) -> None:
        """Show the line under the running stage."""
        self._log.append(line)

    def end(self, stage: Stage) -> None:
        """Tick the stage off."""
        line = Text.assemble(("✓ ", "green"), stage.name, (f"  {stage.seconds:.2f} s", "cyan"))
        if stage.note:
            line.append(f"  {stage.note}", style="dim")
        self._finished.append(line)
        self._spinner = None
        self._log.clear()

    def _render(self) -> RenderableType:
        running: list[RenderableType] = [] if self._spinner is None else [self._spinner]
        log = [Text(f"    {line}", style="dim", no_wrap=True, overflow="ellipsis") for line in self._log]
        return Group(*self._finished, *running, *log)


@contextmanager
def open_display(console: Console) -> Iterator[Audience]:
    """The display that fits the console."""
    if not console.is_terminal:
        yield PlainDisplay(console)
        return
    display = LiveDisplay(console)
    with display.live:
        yield display


def print_timeline(console: Console, timeline: Timeline) -> None:
    """A bar for each stage, as long as its share of the whole."""
    table = Table(title="Where the seconds went", title_justify="left", box=None, pad_edge=False)
    table.add_column("stage")
    table.add_column("s", justify="right")
    table.add_column("")
    longest = max((stage.seconds or 0.0 for stage in timeline.stages), default=0.0) or 1.0
    for stage in timeline.stages:
        seconds = stage.seconds or 0.0
        table.add_row(stage.name, f"{seconds:.2f}", "█" * max(1, round(BAR_WIDTH * seconds / longest)))
    table.add_row("total", f"{timeline.total:.2f}", "", style="bold")
    console.print()
    console.print(table)
