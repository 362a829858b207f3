"""`submit`: from options to jobs, sent once and followed as far as was asked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence

from krea_tui.cli.output import is_interactive, tell
from krea_tui.cli.planning import plan_of, require_key
from krea_tui.cli.sending import Order, approve, send
from krea_tui.domain.errors import FieldProblem, InvalidRequest, UsageError
from krea_tui.domain.request import (
    DEFAULT_MOODBOARD_STRENGTH,
    DEFAULT_STRENGTH,
    AspectRatio,
    Creativity,
    GenerationRequest,
    Moodboard,
    Style,
    StyleReference,
    draw_seed,
    hints,
    moodboard_id,
    seed_series,
    split_strength,
)

# The options behind the API's parameters, so that a mistake is named as it was typed.
_OPTIONS = {
    "prompt": "PROMPT",
    "seed": "--seed",
    "image_style_references": "--reference",
    "styles": "--style",
    "moodboards": "--moodboard",
}


def submit(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Send the request of the options as `--count` jobs."""
    plan = plan_of(arguments, environ)
    requests = requests_of(arguments)
    require_key(plan)
    approve(requests, plan.settings.money, yes=arguments.yes or plan.is_demo)
    if is_interactive():
        for hint in hints(requests[0].prompt, requests[0].image_style_references):
            tell(f"Hint: {_OPTIONS[hint.field.partition('.')[0]]}: {hint.message}.")
    return send(plan, [Order(tuple(requests))], waits=arguments.wait, as_json=arguments.json)


def requests_of(arguments: argparse.Namespace) -> Sequence[GenerationRequest]:
    """One request for each picture; raises `UsageError` that names the option."""
    first = arguments.seed if arguments.seed is not None else draw_seed()
    prompt = _prompt_of(arguments.prompt)
    try:
        references = tuple(_reference(text) for text in arguments.reference)
        styles = tuple(_style(text) for text in arguments.style)
        moodboards = tuple(_moodboard(text) for text in arguments.moodboard)
        return [
            GenerationRequest(
                prompt=prompt,
                seed=seed,
                aspect_ratio=AspectRatio(arguments.aspect_ratio),
                creativity=Creativity(arguments.creativity),
                image_style_references=references,
                styles=styles,
                moodboards=moodboards,
            )
            for seed in seed_series(first, arguments.count)
        ]
    except InvalidRequest as error:
        words = "; ".join(_in_options(problem) for problem in error.problems)
        raise UsageError(words, advice="Nothing was sent. `krea-tui submit --help` explains.") from error


def _prompt_of(text: str) -> str:
    if text == "-":
        raw = sys.stdin.buffer.read() if sys.stdin else b""
        try:
            return raw.decode("utf-8-sig").strip()
        except UnicodeDecodeError as error:
            raise UsageError(f"PROMPT: standard input is not UTF-8 text, at byte {error.start:,}") from None
    try:
        # Bytes of the command line that are no UTF-8 come as surrogates, which no JSON can carry.
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("PROMPT: not UTF-8 text") from None
    return text


def _reference(text: str) -> StyleReference:
    url, strength = split_strength(text)
    return StyleReference(url, DEFAULT_STRENGTH if strength is None else strength)


def _style(text: str) -> Style:
    name, strength = split_strength(text)
    return Style(name, DEFAULT_STRENGTH if strength is None else strength)


def _moodboard(text: str) -> Moodboard:
    pasted, strength = split_strength(text)
    return Moodboard(moodboard_id(pasted) or pasted, DEFAULT_MOODBOARD_STRENGTH if strength is None else strength)


def _in_options(problem: FieldProblem) -> str:
    field, _, rest = problem.field.partition(".")
    option = _OPTIONS.get(field, field)
    index, _, part = rest.partition(".")
    which = f" {int(index) + 1}" if index.isdecimal() else ""
    return f"{option}{which}{f' ({part})' if part == 'strength' else ''}: {problem.message}"
