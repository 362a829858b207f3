"""The probe against terminals that answer, stay mute, answer late, or are none."""

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from krea_tui.terminal import CellSize, begin
from krea_tui.terminal.probe import LOCAL_TIMEOUT_S, REMOTE_TIMEOUT_S, PendingProbe
from tests.support.waiting import wait_until

KITTY = {
    rb"\x1b\[>q": b"\x1bP>|kitty(0.41.1)\x1b\\",
    rb"\x1b_Gi=31,[^\x1b]*\x1b\\": b"\x1b_Gi=31;OK\x1b\\",
    rb"\x1b\[16t": b"\x1b[6;18;9t",
    rb"\x1b\[c": b"\x1b[?62;22;52c",
}
XTERM = {
    rb"\x1b\[>q": b"\x1bP>|XTerm(379)\x1b\\",
    rb"\x1b\[\?1;1;0S": b"\x1b[?1;0;1024S",
    rb"\x1b\[\?2;1;0S": b"\x1b[?2;0;1000;800S",
    rb"\x1b\[16t": b"\x1b[6;20;10t",
    rb"\x1b\[c": b"\x1b[?63;1;2;4;6c",
}
ENVIRON = {"TERM": "xterm-256color"}


@dataclass
class FakeTerminal:
    """The other end of a pty; answers in the order of the questions, as a real terminal does."""

    answers: dict[bytes, bytes]
    typed: bytes = b""
    heard: bytes = b""
    fds: tuple[int, int] = field(default_factory=os.openpty)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self.play, daemon=True)
        self.thread.start()

    @property
    def fd(self) -> int:
        return self.fds[1]

    def play(self) -> None:
        if self.typed:
            os.write(self.fds[0], self.typed)
        pending = b""
        while not self.stopping.is_set():
            if not select.select([self.fds[0]], [], [], 0.02)[0]:
                continue
            chunk = os.read(self.fds[0], 4096)
            self.heard += chunk
            pending += chunk
            while hits := [(m.start(), m, a) for q, a in self.answers.items() if (m := re.search(q, pending))]:
                _, match, answer = min(hits, key=lambda hit: hit[0])
                pending = pending[match.end() :]
                os.write(self.fds[0], answer)

    def begin(self, **changes: str) -> PendingProbe:
        return begin(ENVIRON | changes, input_fd=self.fd, output_fd=self.fd)

    def size(self, columns: int, rows: int, width_px: int, height_px: int) -> None:
        fcntl.ioctl(self.fds[0], termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, width_px, height_px))

    def close(self) -> None:
        self.stopping.set()
        self.thread.join(5)
        for fd in self.fds:
            os.close(fd)


@pytest.fixture
def terminals() -> Iterator[list[FakeTerminal]]:
    made: list[FakeTerminal] = []
    yield made
    for terminal in made:
        terminal.close()


def test_kitty_says_what_it_is(terminals: list[FakeTerminal]) -> None:
    terminals.append(terminal := FakeTerminal(KITTY))
    answers = terminal.begin().finish()
    assert answers.is_terminal
    assert answers.complete
    assert answers.kitty_graphics
    assert not answers.sixel
    assert answers.name == "kitty(0.41.1)"
    assert answers.cell_size == CellSize(9, 18)


def test_xterm_says_how_large_and_colourful_its_sixels_may_be(terminals: list[FakeTerminal]) -> None:
    terminals.append(terminal := FakeTerminal(XTERM))
    answers = terminal.begin().finish()
    assert answers.sixel
    assert not answers.kitty_graphics
    assert answers.sixel_colours == 1024
    assert answers.sixel_max_px == (1000, 800)


def test_the_system_is_believed_before_the_terminal_about_cells(terminals: list[FakeTerminal]) -> None:
    terminals.append(terminal := FakeTerminal(KITTY))
    terminal.size(100, 40, 800, 640)
    assert terminal.begin().finish().cell_size == CellSize(8, 16)


def test_a_pty_of_0x0_cells_has_no_cell_size(terminals: list[FakeTerminal]) -> None:
    terminals.append(terminal := FakeTerminal({rb"\x1b\[c": b"\x1b[?6c"}))
    terminal.size(0, 0, 0, 0)
    answers = terminal.begin().finish()
    assert answers.complete
    assert answers.cell_size is None


def test_keys_typed_meanwhile_do_not_hide_the_answers(terminals: list[FakeTerminal]) -> None:
    terminals.append(terminal := FakeTerminal(KITTY, typed=b"hello"))
    assert terminal.begin().finish().kitty_graphics


def test_a_mute_terminal_costs_no_more_than_the_bound_and_keeps_nothing(terminals: list[FakeTerminal]) -> None:
    terminals.append(terminal := FakeTerminal({}, typed=b"\x1b[?6"))
    answers = begin(ENVIRON, input_fd=terminal.fd, output_fd=terminal.fd, timeout_s=0.05).finish()
    assert answers.is_terminal
    assert not answers.complete
    assert 0.04 <= answers.seconds < 5
    assert not select.select([terminal.fd], [], [], 0)[0]


def test_the_bound_counts_from_the_question(terminals: list[FakeTerminal]) -> None:
    terminals.append(terminal := FakeTerminal(KITTY))
    pending = terminal.begin()
    wait_until(lambda: b"\x1b[c" in terminal.heard)
    wait_until(lambda: select.select([terminal.fd], [], [], 0)[0])
    # The imports took longer than the bound; what has arrived by then counts all the same.
    assert pending.finish(0.0).complete


def test_the_terminal_is_silent_in_between_and_itself_afterwards(terminals: list[FakeTerminal]) -> None:
    terminals.append(terminal := FakeTerminal(KITTY))
    before = termios.tcgetattr(terminal.fd)
    pending = terminal.begin()
    local_modes = termios.tcgetattr(terminal.fd)[3]
    assert not local_modes & (termios.ECHO | termios.ICANON)
    first = pending.finish()
    assert termios.tcgetattr(terminal.fd) == before
    assert pending.finish() is first


def test_no_answer_is_echoed(terminals: list[FakeTerminal]) -> None:
    terminals.append(terminal := FakeTerminal(KITTY))
    terminal.begin().finish()
    wait_until(lambda: b"\x1b[c" in terminal.heard)
    assert b"kitty" not in terminal.heard


@pytest.mark.parametrize("term", ["dumb", "unknown", ""])
def test_a_dumb_terminal_is_not_asked(terminals: list[FakeTerminal], term: str) -> None:
    terminals.append(terminal := FakeTerminal(KITTY))
    answers = terminal.begin(TERM=term).finish()
    assert not answers.is_terminal
    assert terminal.heard == b""


@pytest.mark.parametrize("where", [{"STY": "1.pts"}, {"TERM": "linux"}, {"TERM_PROGRAM": "Apple_Terminal"}])
def test_what_would_be_printed_is_not_asked(terminals: list[FakeTerminal], where: dict[str, str]) -> None:
    terminals.append(terminal := FakeTerminal(KITTY))
    answers = terminal.begin(**where).finish()
    assert answers.complete
    assert b"\x1b_G" not in terminal.heard


def test_tmux_is_asked_by_its_own_command(
    terminals: list[FakeTerminal], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bin")
    tmux = folder / "tmux"
    tmux.write_text("#!/bin/sh\nprintf 'kitty(0.41.1)\\tRGB,title\\ton\\n'\n")
    tmux.chmod(0o755)
    terminals.append(terminal := FakeTerminal(XTERM))
    os.environ["PATH"], path = f"{folder}:{os.environ['PATH']}", os.environ["PATH"]
    try:
        answers = terminal.begin(TMUX="/sockets/tmux,1,0", PATH=os.environ["PATH"]).finish()
    finally:
        os.environ["PATH"] = path
    assert answers.tmux is not None
    assert answers.tmux.terminal_name == "kitty(0.41.1)"
    assert answers.tmux.features == {"RGB", "title"}
    assert answers.tmux.passthrough
    assert b"\x1b_G" not in terminal.heard


def test_a_missing_tmux_is_one_of_which_nothing_is_known(terminals: list[FakeTerminal]) -> None:
    terminals.append(terminal := FakeTerminal(XTERM))
    path, os.environ["PATH"] = os.environ["PATH"], "/nonexistent"
    try:
        answers = terminal.begin(TMUX="/sockets/tmux,1,0").finish()
    finally:
        os.environ["PATH"] = path
    assert answers.tmux is not None
    assert answers.tmux.terminal_name == ""


@pytest.mark.parametrize(
    ("environ", "bound_s"),
    [({}, LOCAL_TIMEOUT_S), ({"SSH_TTY": "/dev/pts/1"}, REMOTE_TIMEOUT_S), ({"SSH_CONNECTION": "a"}, REMOTE_TIMEOUT_S)],
)
def test_a_far_terminal_gets_more_time(terminals: list[FakeTerminal], environ: dict[str, str], bound_s: float) -> None:
    terminals.append(terminal := FakeTerminal({}))
    answers = terminal.begin(**environ).finish()
    assert answers.seconds >= bound_s * 0.9


def test_answers_are_not_awaited_where_none_can_come(terminals: list[FakeTerminal]) -> None:
    terminals.append(terminal := FakeTerminal(KITTY))
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        for input_fd, output_fd in ((nothing, terminal.fd), (terminal.fd, nothing)):
            assert not begin(ENVIRON, input_fd=input_fd, output_fd=output_fd).finish().is_terminal
    finally:
        os.close(nothing)
    assert terminal.heard == b""


def test_a_terminal_that_hangs_up_after_the_question_is_survived() -> None:
    terminal = FakeTerminal({})
    pending = terminal.begin()
    terminal.stopping.set()
    terminal.thread.join(5)
    os.close(terminal.fds[0])
    try:
        assert not pending.finish().complete
    finally:
        os.close(terminal.fd)


PROGRAM = """
import sys
from pathlib import Path
from krea_tui.terminal import detect
heavy = {"textual", "rich", "PIL", "textual_image"} & set(sys.modules)
Path(sys.argv[1]).write_text(f"{detect().graphics.value} {sorted(heavy)}")
"""


@pytest.mark.parametrize("streams", ["0</dev/null", "0<&-", "1>&-", "0</dev/null 1>&- 2>&-", "0<&- 1>&- 2>&-"])
def test_streams_that_are_no_terminal_are_survived(streams: str, tmp_path: Path) -> None:
    told = tmp_path / "told"
    command = f'exec "$0" -c "$1" "$2" {streams}'
    done = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable, PROGRAM, told],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert told.read_text() == "halfblock []"
