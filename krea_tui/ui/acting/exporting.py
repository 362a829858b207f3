"""Copies of pictures and parameters in a folder of the person."""

from __future__ import annotations

from krea_tui.pictures.files import PictureFiles
from krea_tui.ui.acting.hands import Hands
from krea_tui.ui.screens.export import ExportScreen


async def export(hands: Hands) -> None:
    """Ask where to, and copy there."""
    jobs = await hands.targets()
    if jobs:
        files = PictureFiles(hands.session.plan.locations.pictures_dir)
        screen = hands.screen
        screen.export_place = await screen.app.push_screen_wait(ExportScreen(jobs, files, screen.export_place)) or ""
