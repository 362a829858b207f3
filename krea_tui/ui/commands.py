"""The palette: every action of the app, by its words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode

from krea_tui.ui.bindings import all_bindings
from krea_tui.ui.screens.help import key_name

_WORDS_CELLS: Final = 60
# Moving a cursor by the palette helps nobody.
_MOVES: Final = (".up", ".down", ".page_up", ".page_down", ".first", ".last")


class ActionCommands(Provider):
    """Offers what has a key, and works the same from everywhere."""

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        # What ends the session comes last: the first one is what a hasty Enter takes.
        for owner, binding in sorted(self._commands(), key=lambda found: found[1].action == "quit"):
            words = _words(binding)
            yield DiscoveryHit(_line(Content(words), binding), self._runner(owner, binding), text=words)

    async def search(self, query: str) -> Hits:
        """What matches the words typed."""
        matcher = self.matcher(query)
        for owner, binding in self._commands():
            words = _words(binding)
            if (score := matcher.match(words)) > 0:
                yield Hit(score, _line(matcher.highlight(words), binding), self._runner(owner, binding), text=words)

    def _commands(self) -> Iterator[tuple[type[DOMNode], Binding]]:
        for section in all_bindings(type(self.app)):
            if section.owner is None:
                continue
            for binding in section.bindings:
                if binding.id and not binding.id.endswith(_MOVES):
                    yield section.owner, binding

    def _runner(self, owner: type[DOMNode], binding: Binding) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            for node in (self.app, self.screen, *self.screen.query("*")):
                if isinstance(node, owner):
                    await self.app.run_action(binding.action, node)
                    return

        return run


def _words(binding: Binding) -> str:
    return binding.tooltip or binding.description


def _line(words: Content, binding: Binding) -> Content:
    keys = " ".join(key_name(key) for key in binding.key.split(","))
    return Content.assemble(words, " " * max(2, _WORDS_CELLS - words.cell_length), (keys, "$text-muted"))
