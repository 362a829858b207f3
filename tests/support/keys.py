"""The API keys of the tests. Each begins and ends with a mark that nothing else has; no run may leave one anywhere.

`key_search` looks for the marks after every run, so a key that is not made here would be missed.
"""

from typing import Final

# Written backwards: no file that is searched, this one included, has a mark in it.
HEAD: Final = "m2BxTw9Qv4kZ"[::-1]
TAIL: Final = "dP8cLy0Nr6Jh"[::-1]


class TestKey(str):
    """A key whose repr hides it: a test that fails prints its fixtures, environments among them."""

    __slots__ = ()
    __test__ = False

    def __repr__(self) -> str:
        return "<a key of the tests>"


def key_named(name: str) -> str:
    """A key that the search knows; another one for every name."""
    return TestKey(f"{HEAD}-{name}-{TAIL}")


KEY: Final[str] = key_named("usual")
OTHER_KEY: Final[str] = key_named("other")
