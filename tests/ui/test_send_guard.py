"""A slip of the finger never spends."""

from krea_tui.domain.request import GenerationRequest
from krea_tui.ui.widgets.send_guard import Press, SendGuard

ONE = (GenerationRequest("a", 1),)
TWO = (GenerationRequest("a", 2),)
BOTH = (*ONE, *TWO)


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def test_a_press_is_a_slip_for_so_long_and_slips_prolong_it() -> None:
    clock = Clock()
    guard = SendGuard(clock)
    assert not guard.is_slip()
    guard.press(ONE)
    for _ in range(5):
        clock.now += 0.69
        assert guard.is_slip()
    clock.now += 0.71
    assert not guard.is_slip()


def test_a_question_is_a_press_too() -> None:
    clock = Clock()
    guard = SendGuard(clock)
    guard.remember(ONE)
    assert guard.press(ONE) is Press.ASK
    clock.now += 0.1
    assert guard.is_slip()


def test_what_was_sent_is_asked_about_once_each_time() -> None:
    guard = SendGuard(Clock())
    assert [guard.press(ONE) for _ in range(5)] == [Press.SEND, Press.ASK, Press.SEND, Press.ASK, Press.SEND]


def test_one_known_picture_among_many_is_asked_about() -> None:
    guard = SendGuard(Clock())
    guard.press(TWO)
    assert guard.press(BOTH) is Press.ASK
    assert guard.is_asking


def test_the_answer_is_for_the_same_requests_only() -> None:
    guard = SendGuard(Clock())
    guard.remember(BOTH)
    assert guard.press(ONE) is Press.ASK
    assert guard.press(TWO) is Press.ASK
    guard.withdraw_question()
    assert guard.press(TWO) is Press.ASK


def test_what_was_not_sent_after_all_is_forgotten() -> None:
    guard = SendGuard(Clock())
    guard.press(BOTH)
    guard.forget(ONE)
    assert guard.press(ONE) is Press.SEND
    assert guard.press(TWO) is Press.ASK
