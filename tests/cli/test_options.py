"""The plainest command lines are read without the parser, and mean the same."""

import pytest

from krea_tui.cli.arguments import read_arguments
from krea_tui.cli.options import plain_options


@pytest.mark.parametrize("words", [[], ["--demo"]], ids=str)
def test_a_plain_start_means_what_the_parser_would_read(words: list[str]) -> None:
    options = plain_options(words)
    assert options is not None
    assert vars(options) | {"command": None} == vars(read_arguments(words))


@pytest.mark.parametrize("words", [["--help"], ["jobs"], ["--demo", "--demo"], ["--dem"], [""]], ids=str)
def test_everything_else_is_the_parsers(words: list[str]) -> None:
    assert plain_options(words) is None
