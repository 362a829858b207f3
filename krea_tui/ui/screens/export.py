"""Where copies go, how far they are, and what was made. It may be left at any time; what is copied stays."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from krea_tui.domain.errors import KreaTuiError, UsageError
from krea_tui.domain.job import Job
from krea_tui.domain.text import clean_line
from krea_tui.pictures.export import Export, Exported, Progress, Target, room_for, size_of, target_of
from krea_tui.pictures.files import PictureFiles
from krea_tui.ui.key_times import ActsAlone
from krea_tui.ui.widgets.quiet_button import QuietButton

_SHOW_EVERY_S: Final = 0.2
_BAR_CELLS: Final = 24
_MOST_NAMED: Final = 8
_STEPS: Final = ("bytes", "kB", "MB", "GB")


class ExportScreen(ModalScreen[str], ActsAlone[str]):
    """Copies the pictures of these jobs, and writes their parameters. Closes with the place it was told last."""

    DEFAULT_CSS = """
    ExportScreen {
        align: center middle;
        & > Vertical {
            width: 72; max-width: 98%; height: auto; max-height: 96%; padding: 1 2;
            background: $surface; border: round $border; border-title-color: $text-primary;
        }
        Input { margin-top: 1; border: none; height: 1; padding: 0 1; background: $panel; }
        Input:focus { border: none; background: $surface-active; }
        .problem { color: $text-error; height: auto; }
        .muted { color: $text-muted; height: auto; margin-top: 1; }
        #export-progress { height: auto; margin-top: 1; }
        Horizontal { height: auto; margin-top: 1; align-horizontal: right; }
        Button { margin-left: 2; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", id="export.leave", tooltip="Stop, or close"),
    ]

    def __init__(self, jobs: Sequence[Job], files: PictureFiles, place: str = "") -> None:
        super().__init__()
        self._jobs = jobs
        self._files = files
        self._place = place or str(default_place())
        self._whole = size_of(jobs)
        self._progress = Progress()
        self._stop = threading.Event()
        self._is_busy = False

    def compose(self) -> ComposeResult:
        """What is meant, where it goes, how far it is, and the ways on."""
        with Vertical() as box:
            box.border_title = "Export"
            size = self._whole
            yield Static(
                f"{_counted(size.jobs, 'job')}, {_counted(size.pictures, 'picture')},"
                f" {size_words(size.copied_bytes)}. Where to?",
                markup=False,
            )
            field = Input(self._place, max_length=4_000, id="place", select_on_focus=False)
            field.cursor_blink = False
            yield field
            yield Static("", classes="problem", markup=False)
            yield Static("", id="export-progress", markup=False)
            yield Static(
                "A folder gets the pictures, jobs.csv and jobs.jsonl; a path that ends in .csv, .jsonl or .json"
                " is a table alone. Nothing is overwritten.",
                classes="muted",
                markup=False,
            )
            with Horizontal():
                yield QuietButton("Export (enter)", id="export", compact=True)
                yield QuietButton("Leave (esc)", id="leave", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Type at once; nothing is to be read while nothing goes on."""
        self.query_one("#export-progress").display = False
        self.query_one(Input).focus()

    def on_unmount(self) -> None:
        """Whatever closes the window ends what goes on in it."""
        self._stop.set()

    def action_leave(self) -> None:
        """Stop what goes on; close where nothing does."""
        if self._is_busy:
            self._stop.set()
        else:
            self.dismiss(self.query_one(Input).value)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._begin()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "export":
            self._begin()
        else:
            self.action_leave()

    def _begin(self) -> None:
        if self._is_busy:
            return
        try:
            target = target_of(self.query_one(Input).value)
        except UsageError as error:
            self._say_problem(f"{error} {error.advice}".strip())
        else:
            self._say_problem("")
            self._is_busy = True
            self.run_worker(self._run(target), group="export", exit_on_error=True)

    async def _run(self, target: Target) -> None:
        self._stop.clear()
        self._progress = Progress()
        self.query_one(Input).disabled = True
        self.query_one("#export", Button).display = False
        self.query_one("#leave", Button).label = "Stop (esc)"
        self.query_one("#leave", Button).focus()
        self.query_one("#export-progress").display = True
        ticking = self.set_interval(_SHOW_EVERY_S, self._show_progress)
        self._show_progress()
        try:
            done = await asyncio.to_thread(self._export, target)
        except KreaTuiError as error:
            self._say_problem(f"{error} {error.advice}".strip())
        else:
            ticking.stop()
            self._tell(outcome_words(done, target))
        finally:
            ticking.stop()
            self._is_busy = False
            self.query_one(Input).disabled = False
            self.query_one("#export", Button).display = True
            self.query_one("#leave", Button).label = "Close (esc)"
            self.query_one("#leave", Button).focus()

    def _export(self, target: Target) -> Exported:
        """In a thread."""
        if not target.is_table:
            room_for(self._whole.copied_bytes, target.folder)
        return Export(self._files, target, heed=self._heed).run(self._jobs)

    def _heed(self, progress: Progress) -> bool:
        self._progress = progress
        return not self._stop.is_set()

    def _show_progress(self) -> None:
        done, whole = self._progress.jobs, len(self._jobs)
        cells = round(done / whole * _BAR_CELLS) if whole else _BAR_CELLS
        bar = "━" * cells + "╌" * (_BAR_CELLS - cells)
        self._tell(f"{bar} {done:,} of {whole:,}  {size_words(self._progress.copied_bytes)}")

    def _tell(self, words: str) -> None:
        self.query_one("#export-progress", Static).update(words)

    def _say_problem(self, words: str) -> None:
        self.query_one(".problem", Static).update(f"✕ {words}" if words else "")


def default_place() -> Path:
    """Beside the person's other pictures, or in their home."""
    home = Path.home()
    pictures = home / "Pictures"
    return (pictures if pictures.is_dir() else home) / "krea-tui"


def outcome_words(done: Exported, target: Target) -> str:
    """What was made, and what could not be."""
    progress = done.progress
    where = clean_line(str(target.place), 200)
    if target.is_table:
        words = f"✓ {_counted(progress.jobs, 'job')} in {where}."
    else:
        tables = " and ".join(table.name for table in done.tables)
        words = f"✓ {_counted(progress.pictures, 'picture')} and {tables} in {where}."
        if progress.pictures:
            words += f" {size_words(progress.copied_bytes)} copied."
    if not done.is_whole:
        words = f"Stopped. {words}"
    if done.missing:
        named = ", ".join(done.missing[:_MOST_NAMED]) + (" …" if len(done.missing) > _MOST_NAMED else "")
        words += f"\n✕ {_counted(len(done.missing), 'picture')} not found on disk, of {named}."
    return words


def size_words(size_bytes: int) -> str:
    """`152 MB`, as disks are sold."""
    size, step = float(size_bytes), 0
    while size >= 1_000 and step < len(_STEPS) - 1:  # noqa: PLR2004 -- kilo
        size, step = size / 1_000, step + 1
    return f"{size:.1f} {_STEPS[step]}" if step and size < 10 else f"{size:,.0f} {_STEPS[step]}"  # noqa: PLR2004


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
