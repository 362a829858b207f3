"""Asks the terminal what it can do, before the app takes the screen. Imports only the standard library.

The order that costs no time (a question needs 1 ms at home and a round trip over SSH)::

    pending = begin()                        # asks; the terminal is quiet (no echo) from here on
    ...import textual and the app...         # 150 ms, in which the answer arrives
    answers = pending.finish()               # reads it, gives the terminal back
    capabilities = choose(answers, os.environ, wanted)
    prepare_environment(capabilities, os.environ)
    App().run()                              # COLORTERM is read when the App is made, not when textual is imported

Textual's console asks the environment for COLORTERM in ``App.__init__``; only TEXTUAL_COLOR_SYSTEM is read at the
import of ``textual.constants``, and it is not needed once COLORTERM is right. So everything may be imported between
``begin`` and ``finish``; only ``textual_image`` may not, and :mod:`krea_tui.ui.graphics` imports it much later.
"""

from krea_tui.terminal.capabilities import CellSize, GraphicsMode, TerminalAnswers, TerminalCapabilities
from krea_tui.terminal.cell_size import measure_cell_size
from krea_tui.terminal.choice import choose, prepare_environment
from krea_tui.terminal.detect import detect
from krea_tui.terminal.probe import PendingProbe, begin, probe

__all__ = [
    "CellSize",
    "GraphicsMode",
    "PendingProbe",
    "TerminalAnswers",
    "TerminalCapabilities",
    "begin",
    "choose",
    "detect",
    "measure_cell_size",
    "prepare_environment",
    "probe",
]
