"""Shows the stage in the terminal it is started in, until Ctrl+Q: for a window's picture."""

import os
from pathlib import Path

from krea_tui.terminal import GraphicsMode, choose, prepare_environment, probe
from tests.screenshots.stage import Stage

READY = "ready"


def show(folder: Path) -> None:
    """Run the app; a file called `ready` in the folder says that everything is as it should be."""
    capabilities = choose(probe(), os.environ, GraphicsMode.AUTO)
    prepare_environment(capabilities, os.environ)
    # The toolkit reads the environment when it is imported.
    from textual.pilot import Pilot

    from krea_tui.ui.app import StudioApp

    stage = Stage(folder)

    async def set_up(pilot: Pilot[object]) -> None:
        await stage.set_up(pilot)
        (folder / READY).touch()

    StudioApp(stage.plan, capabilities).run(auto_pilot=set_up)
    stage.close()
