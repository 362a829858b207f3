"""Ctrl+J and a pasted line feed are one byte; only their neighbours in time tell them apart."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from krea_tui.ui.widgets.line_feed import PASTE_GAP_S, KeyJudge


class Typist:
    """Feeds keys at chosen times; the waits of the judge end when `wait` says so."""

    def __init__(self) -> None:
        self.text = ""
        self.generated = 0
        self.now = 0.0
        self.waits: list[tuple[float, Callable[[], None]]] = []
        self.judge = KeyJudge(generate=self._generate, schedule=self._schedule)

    def _generate(self) -> None:
        self.generated += 1

    def _schedule(self, callback: Callable[[], None]) -> None:
        self.waits.append((self.now + PASTE_GAP_S, callback))

    def _insert(self, text: str) -> None:
        self.text += text

    def key(self, key: str, after: float) -> None:
        self.wait(after)
        if not self.judge.key(key, self.now, self._insert):
            self.text += key

    def late_key(self, key: str, after: float) -> None:
        """A key whose turn comes before the wait that ended earlier, as when the loop was busy."""
        self.now += after
        if not self.judge.key(key, self.now, self._insert):
            self.text += key

    def wait(self, seconds: float) -> None:
        self.now += seconds
        due = [callback for at, callback in self.waits if at <= self.now]
        self.waits = [(at, callback) for at, callback in self.waits if at > self.now]
        for callback in due:
            callback()


def test_a_lone_ctrl_j_generates_once_its_wait_is_over() -> None:
    typist = Typist()
    typist.key("a", after=1)
    typist.key("ctrl+j", after=1)
    assert typist.generated == 0
    typist.wait(0.06)
    assert (typist.generated, typist.text) == (1, "a")


def test_pasted_lines_are_lines_and_spend_nothing() -> None:
    typist = Typist()
    typist.wait(1)
    for character in "one\ntwo\n\nthree\n":
        typist.key("ctrl+j" if character == "\n" else character, after=0.001)
    typist.wait(1)
    assert (typist.generated, typist.text) == (0, "one\ntwo\n\nthree\n")


def test_a_paste_that_starts_with_a_line_feed_spends_nothing() -> None:
    typist = Typist()
    typist.wait(1)
    for character in "\n\nx":
        typist.key("ctrl+j" if character == "\n" else character, after=0.001)
    typist.wait(1)
    assert (typist.generated, typist.text) == (0, "\n\nx")


def test_the_wait_of_one_line_feed_does_not_end_that_of_the_next() -> None:
    typist = Typist()
    typist.wait(1)
    typist.key("ctrl+j", after=0)
    typist.key("x", after=0.01)
    typist.wait(0.035)
    # Too near to x to be a Ctrl+J, so nothing is held when the first wait ends.
    typist.key("ctrl+j", after=0)
    typist.wait(0.02)
    assert (typist.generated, typist.text) == (0, "\nx\n")


def test_a_key_that_was_late_in_the_queue_but_not_in_time_still_generates_first() -> None:
    typist = Typist()
    typist.wait(1)
    typist.key("ctrl+j", after=0)
    typist.late_key("x", after=0.2)
    assert (typist.generated, typist.text) == (1, "x")
    typist.wait(1)
    assert typist.generated == 1


def test_a_key_held_down_asks_again_and_again_but_writes_nothing() -> None:
    typist = Typist()
    typist.key("ctrl+j", after=1)
    typist.wait(0.06)
    for _ in range(20):
        typist.key("ctrl+j", after=0.033)
    # The form ignores what comes so soon; what matters here is that the prompt is left alone.
    assert typist.text == ""
    typist.key("x", after=0.033)
    typist.key("ctrl+j", after=0.001)
    assert typist.text == "x\n"


@given(st.text(alphabet="ab\n", min_size=2), st.floats(min_value=0, max_value=0.04))
def test_no_quick_run_of_keys_ever_generates(pasted: str, gap: float) -> None:
    typist = Typist()
    typist.wait(10)
    for character in pasted:
        typist.key("ctrl+j" if character == "\n" else character, after=gap)
    typist.wait(10)
    assert (typist.generated, typist.text) == (0, pasted)
