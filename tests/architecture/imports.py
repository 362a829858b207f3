"""Reads the package's imports from its source, without running it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "krea_tui"


@dataclass(frozen=True)
class Import:
    """One imported module, as seen from one line of one of ours."""

    importer: str
    target: str
    line: int
    lazy: bool
    for_types_only: bool

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.target}"


def part_of(module: str) -> str:
    """Return the part of the house a module of ours lives in; empty for the package itself."""
    return module.split(".")[1] if "." in module else ""


def is_in(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(f"{prefix}.")


class _Collector(ast.NodeVisitor):
    def __init__(self, importer: str, package: str, known: frozenset[str]) -> None:
        self.found: list[Import] = []
        self._importer = importer
        self._package = package
        self._known = known
        self._functions = 0
        self._type_blocks = 0

    def _add(self, target: str, node: ast.AST) -> None:
        line = getattr(node, "lineno", 0)
        self.found.append(Import(self._importer, target, line, self._functions > 0, self._type_blocks > 0))

    def _visit_function(self, node: ast.AST) -> None:
        self._functions += 1
        self.generic_visit(node)
        self._functions -= 1

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _visit_function  # noqa: N815 - the visitor's own names

    def visit_If(self, node: ast.If) -> None:
        if not ast.unparse(node.test).endswith("TYPE_CHECKING"):
            self.generic_visit(node)
            return
        self._type_blocks += 1
        for child in node.body:
            self.visit(child)
        self._type_blocks -= 1
        for child in node.orelse:
            self.visit(child)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            parents = self._package.split(".")
            base = ".".join([*parents[: len(parents) - node.level + 1], *([base] if base else [])])
        for alias in node.names:
            submodule = f"{base}.{alias.name}"
            self._add(submodule if submodule in self._known else base, node)

    def visit_Call(self, node: ast.Call) -> None:
        name = ast.unparse(node.func).rpartition(".")[2]
        first = node.args[0] if node.args else None
        if name in {"import_module", "__import__"} and isinstance(first, ast.Constant):
            self._add(str(first.value), node)
        self.generic_visit(node)


def modules(root: Path = ROOT) -> dict[str, Path]:
    """Return every module of the package below `root`, by its dotted name."""
    found: dict[str, Path] = {}
    for path in sorted((root / PACKAGE).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(root: Path = ROOT) -> Iterator[Import]:
    """Yield every import of the package below `root`: at module level, in functions, for types, and by name."""
    by_name = modules(root)
    for name, path in by_name.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        collector = _Collector(name, package, frozenset(by_name))
        collector.visit(ast.parse(path.read_text(encoding="utf-8"), str(path)))
        yield from collector.found


def find_cycle(edges: dict[str, set[str]]) -> list[str]:
    """Return one cycle of the graph, first module repeated at the end, or an empty list."""
    done: set[str] = set()

    def walk(node: str, way: list[str]) -> list[str]:
        if node in way:
            return [*way[way.index(node) :], node]
        if node in done:
            return []
        for following in sorted(edges.get(node, ())):
            if cycle := walk(following, [*way, node]):
                return cycle
        done.add(node)
        return []

    for start in sorted(edges):
        if cycle := walk(start, []):
            return cycle
    return []
