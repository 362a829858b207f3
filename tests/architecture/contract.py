"""The house's rules as data: which part may import which, and which part alone may import which package."""

# A part is a module or package directly below krea_tui. Imports point downward only.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "domain": frozenset(),
    "terminal": frozenset(),
    "styles": frozenset(),
    "simulator": frozenset(),
    "config": frozenset({"domain"}),
    "gateway": frozenset({"domain"}),
    "storage": frozenset({"domain"}),
    "pictures": frozenset({"domain"}),
    # The engine knows its neighbours as protocols of its own (engine/ports.py).
    "engine": frozenset({"domain"}),
    # A damaged history is made anew of its rows and of the pictures' records: storage and pictures meet here.
    "opening": frozenset({"storage", "pictures", "config", "domain"}),
    # The composition: the one place where engine, gateway, storage and pictures meet.
    "studio": frozenset({"opening", "engine", "gateway", "storage", "pictures", "config", "domain"}),
    "demo": frozenset({"studio", "simulator", "storage", "config", "domain"}),
    "doctor": frozenset({"studio", "engine", "gateway", "storage", "pictures", "terminal", "config", "domain"}),
    "ui": frozenset({"studio", "doctor", "engine", "pictures", "terminal", "config", "domain", "styles"}),
    "cli": frozenset(
        {
            "ui",
            "doctor",
            "demo",
            "opening",
            "studio",
            "engine",
            "gateway",
            "storage",
            "pictures",
            "simulator",
            "terminal",
            "config",
            "domain",
        }
    ),
    "__main__": frozenset({"cli"}),
}

# Widgets know domain values and what the terminal can draw, and post messages; the rest is brought to them.
WIDGETS_MAY_IMPORT = frozenset({"ui", "domain", "terminal"})

# Whole by themselves: each could be published as it is, and imports nothing of ours but itself, and these packages.
STANDS_ALONE = {"krea_tui.ui.live_table": frozenset({"textual", "rich"})}

# Loaded only when a demo or `simulate` asks for it: never by an import statement at module level.
LAZY_PARTS = frozenset({"simulator"})

# Package -> module prefixes that may import it.
IMPORTERS_OF: dict[str, tuple[str, ...]] = {
    "textual": ("krea_tui.ui",),
    "rich": ("krea_tui.ui",),
    "textual_image": ("krea_tui.ui.graphics",),
    "httpx": ("krea_tui.gateway",),
    "httpcore": ("krea_tui.gateway",),
    "appdirs": ("krea_tui.config.locations",),
    "PIL": ("krea_tui.pictures", "krea_tui.simulator", "krea_tui.ui.graphics"),
    "starlette": ("krea_tui.simulator", "krea_tui.gateway.webhook"),
    "uvicorn": ("krea_tui.simulator", "krea_tui.gateway.webhook"),
    "filelock": ("krea_tui.storage", "krea_tui.studio", "krea_tui.demo", "krea_tui.simulator"),
    "tomlkit": ("krea_tui.config",),
    # Of the standard library, so that SQL grows in no second place.
    "sqlite3": ("krea_tui.storage", "krea_tui.simulator"),
}

# The domain is pure: these reach the clock, the disk, the network or another thread.
IMPURE = frozenset(
    {
        "asyncio",
        "http.client",
        "http.server",
        "multiprocessing",
        "os",
        "shutil",
        "signal",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib.request",
    }
)

# The engine moves jobs; bytes go to the gateway, the store and the disk through its ports.
ENGINE_LEAVES_OUT = frozenset({"http.client", "shutil", "socket", "sqlite3", "ssl", "subprocess", "urllib.request"})

# Starting the command line, or painting the first frame, loads none of these.
HEAVY_FOR_CLI = ("textual", "rich", "httpx", "PIL", "starlette", "uvicorn", "textual_image", "sqlite3")
HEAVY_FOR_FIRST_FRAME = ("httpx", "PIL", "starlette", "uvicorn", "textual_image")

# A module has one reason to exist; a test file may hold all that is to be said of one.
MAX_LINES = 350
MAX_TEST_LINES = 600
