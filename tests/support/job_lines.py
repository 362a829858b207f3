"""Rows of the job table as lines, without a screen."""

from collections.abc import Callable
from operator import attrgetter

from rich.style import Style

from krea_tui.domain.job import Job
from krea_tui.ui.live_table.layout import AUTOMATIC, ColumnLayout
from krea_tui.ui.live_table.painter import RowPainter
from krea_tui.ui.widgets.job_columns import COLUMNS, is_same_job
from krea_tui.ui.widgets.job_looks import Circumstances


def job_painter(
    width: int,
    style_of: Callable[[str, bool], Style] = lambda _tone, _has_cursor: Style(),
    layout: ColumnLayout = AUTOMATIC,
) -> RowPainter[Job, Circumstances]:
    painter = RowPainter(COLUMNS, key_of=attrgetter("id"), is_same=is_same_job, style_of=style_of)
    painter.arrange(width, layout)
    return painter
