"""The palette: every action of the app, by its words."""

from __future__ import annotations

from collections.abc import Iterator

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider

from krea_tui.ui.bindings import all_bindings
from krea_tui.ui.screens.help import key_name


class ActionCommands(Provider):
    """Offers what has a key, and works the same."""

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for words, binding in self._commands():
            yield DiscoveryHit(words, self._runner(binding), help=_keys(binding))

    async def search(self, query: str) -> Hits:
        """What matches the words typed."""
        matcher = self.matcher(query)
        for words, binding in self._commands():
            if (score := matcher.match(words)) > 0:
                yield Hit(score, matcher.highlight(words), self._runner(binding), help=_keys(binding))

    def _commands(self) -> Iterator[tuple[str, Binding]]:
        for _, bindings in all_bindings():
            for binding in bindings:
                # Moving a cursor by the palette helps nobody.
                if binding.id and not binding.id.endswith(
                    (".up", ".down", ".page_up", ".page_down", ".first", ".last")
                ):
                    yield binding.tooltip or binding.description, binding

    def _runner(self, binding: Binding):  # type: ignore[no-untyped-def]  # noqa: ANN202
        async def run() -> None:
            await self.app.run_action(binding.action, self.screen)

        return run


def _keys(binding: Binding) -> str:
    return " ".join(key_name(key) for key in binding.key.split(","))
