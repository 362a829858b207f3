"""Pictures, prompts and addresses, out of the app: by the clipboard (OSC 52, so over SSH too), or in a viewer."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from krea_tui.domain.job import Job
from krea_tui.ui.acting.hands import Hands

Found = TypeVar("Found")


async def copy_prompts(hands: Hands) -> None:
    """Copy the prompt; those of many, each once, with a blank line between them."""
    jobs = await hands.targets()
    prompts = list(dict.fromkeys(job.request.prompt for job in jobs))
    if prompts:
        hands.screen.app.copy_to_clipboard("\n\n".join(prompts))
        hands.say("The prompt is copied." if len(prompts) == 1 else f"{len(prompts):,} prompts are copied.")


async def copy_paths(hands: Hands) -> None:
    """Copy where the pictures lie, one a line."""
    paths = _those_of(await hands.targets(), hands.session.picture_path)
    if paths:
        hands.screen.app.copy_to_clipboard("\n".join(str(path) for path in paths))
        hands.say(f"Copied: {paths[0]}" if len(paths) == 1 else f"{len(paths):,} paths are copied.")
    else:
        _say_no_picture(hands)


async def copy_urls(hands: Hands) -> None:
    """Copy the pictures' URLs, which may have died by now, one a line."""
    urls = _those_of(await hands.targets(), lambda job: next((picture.url for picture in job.pictures), None))
    if urls:
        hands.screen.app.copy_to_clipboard("\n".join(urls))
        what = "The picture's URL is copied." if len(urls) == 1 else f"{len(urls):,} URLs are copied."
        hands.say(f"{what} Links of the gateway die; the file stays.")
    elif hands.job or hands.marked:
        hands.say("This job has no picture URL yet." if not hands.marked else "None of them has a picture URL yet.")


async def open_picture(hands: Hands) -> None:
    """Open the picture under the cursor in the desktop's viewer."""
    if (path := _path(hands)) is not None:
        await _open(hands, path)


async def reveal(hands: Hands) -> None:
    """Open the folder that holds the picture under the cursor."""
    if (path := _path(hands)) is not None:
        await _open(hands, path.parent)


def _path(hands: Hands) -> Path | None:
    """The picture of the job under the cursor alone: nobody wants forty viewers."""
    if hands.job is None:
        hands.say("There is no job here yet.")
        return None
    path = hands.session.picture_path(hands.job)
    if path is None:
        hands.say("This job has no picture on disk.")
    return path


def _say_no_picture(hands: Hands) -> None:
    if hands.job or hands.marked:
        hands.say("This job has no picture on disk." if not hands.marked else "None of them has a picture on disk.")


def _those_of(jobs: Sequence[Job], read: Callable[[Job], Found | None]) -> list[Found]:
    return [found for job in jobs if (found := read(job)) is not None]


async def _open(hands: Hands, path: Path) -> None:
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    if opener is None:
        hands.screen.app.copy_to_clipboard(str(path))
        hands.say(f"There is no desktop here; the path is copied: {path}")
        return
    await asyncio.to_thread(_launch, opener, path)


def _launch(opener: str, path: Path) -> None:
    # The viewer outlives the app, and must not write over the screen.
    subprocess.Popen(  # noqa: S603 -- our own file, by the desktop's opener
        [opener, str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
