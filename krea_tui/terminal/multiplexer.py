"""What tmux knows of the terminal around it. Its own answers to the probe say nothing of that."""

import os
import subprocess
from collections.abc import Mapping

from krea_tui.terminal.capabilities import TmuxAnswers

_FORMAT = "#{client_termtype}\t#{client_termfeatures}\t#{allow-passthrough}"
_PASSTHROUGH_WORDS = ("1", "on", "all")


class TmuxQuestion:
    """A running ``tmux display-message``; ask early, read late."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._process: subprocess.Popen[str] | None = None
        pane = environ.get("TMUX_PANE")
        target = ["-t", pane] if pane else []
        try:
            self._process = subprocess.Popen(  # noqa: S603  # a fixed command; the pane's name comes from tmux
                ["tmux", "display-message", *target, "-p", _FORMAT],  # noqa: S607  # the tmux of the person's PATH
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                errors="replace",
                env=dict(environ) if environ is not os.environ else None,
            )
        except OSError:
            self._process = None

    def answer(self, timeout_s: float) -> TmuxAnswers:
        """Wait at most ``timeout_s``; a tmux that does not answer is a tmux of which nothing is known."""
        if self._process is None:
            return TmuxAnswers()
        try:
            text, _ = self._process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            return TmuxAnswers()
        return parse_tmux_answer(text)


def parse_tmux_answer(text: str) -> TmuxAnswers:
    """Read the three tab-separated fields of the question."""
    fields = text.rstrip("\n").split("\t")
    if len(fields) != 3:  # noqa: PLR2004  # as many as the format has
        return TmuxAnswers()
    name, features, passthrough = fields
    return TmuxAnswers(name, frozenset(filter(None, features.split(","))), passthrough in _PASSTHROUGH_WORDS)
