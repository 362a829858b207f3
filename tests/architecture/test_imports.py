import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture.contract import (
    ENGINE_LEAVES_OUT,
    HEAVY_FOR_CLI,
    HEAVY_FOR_FIRST_FRAME,
    IMPORTERS_OF,
    IMPURE,
    LAZY_PARTS,
    MAY_IMPORT,
    STANDS_ALONE,
    WIDGETS_MAY_IMPORT,
)
from tests.architecture.imports import PACKAGE, ROOT, Import, find_cycle, imports, is_in, modules, part_of


def _is_ours(found: Import) -> bool:
    return is_in(found.target, PACKAGE) and found.target != PACKAGE


def unknown_parts(root: Path) -> list[str]:
    return sorted({part_of(name) for name in modules(root)} - set(MAY_IMPORT) - {""})


def upward_imports(root: Path) -> list[str]:
    wrong = []
    for found in filter(_is_ours, imports(root)):
        part, target = part_of(found.importer), part_of(found.target)
        allowed = (
            WIDGETS_MAY_IMPORT if is_in(found.importer, "krea_tui.ui.widgets") else MAY_IMPORT.get(part, frozenset())
        )
        if target != part and target not in allowed:
            wrong.append(str(found))
    return wrong


def eager_imports_of_lazy_parts(root: Path) -> list[str]:
    return [
        str(found)
        for found in filter(_is_ours, imports(root))
        if part_of(found.target) in LAZY_PARTS - {part_of(found.importer)} and not (found.lazy or found.for_types_only)
    ]


def foreign_packages_out_of_place(root: Path) -> list[str]:
    wrong = []
    for found in imports(root):
        package = found.target.partition(".")[0]
        if package == PACKAGE:
            continue
        places = IMPORTERS_OF.get(package)
        if places is None and package in sys.stdlib_module_names:
            continue
        if places is None or not any(is_in(found.importer, place) for place in places):
            wrong.append(str(found))
    return wrong


def impure_imports(root: Path) -> list[str]:
    return [
        str(found)
        for found in imports(root)
        for part, forbidden in (("domain", IMPURE), ("engine", ENGINE_LEAVES_OUT))
        if part_of(found.importer) == part and any(is_in(found.target, name) for name in forbidden)
    ]


def entanglements(root: Path) -> list[str]:
    wrong = []
    for found in imports(root):
        for whole, packages in STANDS_ALONE.items():
            if not is_in(found.importer, whole) or is_in(found.target, whole):
                continue
            package = found.target.partition(".")[0]
            if package == PACKAGE or (package not in packages and package not in sys.stdlib_module_names):
                wrong.append(str(found))
    return wrong


def import_cycles(root: Path) -> list[str]:
    edges: dict[str, set[str]] = {}
    for found in imports(root):
        if is_in(found.target, PACKAGE) and not found.for_types_only:
            edges.setdefault(found.importer, set()).add(found.target)
    return find_cycle(edges)


Rule = Callable[[Path], list[str]]
RULES: dict[Rule, tuple[str, str]] = {
    unknown_parts: ("krea_tui/helpers.py", ""),
    upward_imports: ("krea_tui/engine/lanes.py", "from krea_tui.gateway.client import Client"),
    eager_imports_of_lazy_parts: ("krea_tui/cli.py", "from krea_tui.simulator import serve"),
    foreign_packages_out_of_place: ("krea_tui/storage/history.py", "import httpx"),
    impure_imports: ("krea_tui/domain/job.py", "def now():\n    import time"),
    entanglements: ("krea_tui/ui/live_table/table.py", "from krea_tui.domain.job import Job"),
    import_cycles: ("krea_tui/domain/job.py", "from krea_tui.domain import job"),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Rule) -> None:
    assert rule(ROOT) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_sees_a_breach(rule: Rule, tmp_path: Path) -> None:
    where, source = RULES[rule]
    path = tmp_path / where
    path.parent.mkdir(parents=True)
    path.write_text(source)
    assert len(rule(tmp_path)) > 0


@pytest.mark.parametrize(
    ("where", "source"),
    [
        ("krea_tui/ui/widgets/table.py", "from krea_tui.storage import history"),
        ("krea_tui/gateway/client.py", "import krea_tui.storage"),
        ("krea_tui/gateway/client.py", "from ..storage import history"),
        ("krea_tui/domain/job.py", "import importlib\nimportlib.import_module('krea_tui.ui.app')"),
        ("krea_tui/simulator/app.py", "from krea_tui.domain import job"),
    ],
)
def test_an_upward_import_is_seen_in_every_guise(where: str, source: str, tmp_path: Path) -> None:
    path = tmp_path / where
    path.parent.mkdir(parents=True)
    path.write_text(source)
    assert len(upward_imports(tmp_path)) == 1


def test_parts_form_no_cycle() -> None:
    assert find_cycle({part: set(below) for part, below in MAY_IMPORT.items()}) == []


@pytest.mark.parametrize(("module", "heavy"), [("cli", HEAVY_FOR_CLI), ("ui.app", HEAVY_FOR_FIRST_FRAME)])
def test_importing_it_leaves_the_heavy_packages_unloaded(module: str, heavy: tuple[str, ...]) -> None:
    name = f"{PACKAGE}.{module}"
    assert name in modules()
    program = f"import sys, {name}; print(*sorted(set(sys.modules) & set({heavy!r})))"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
