"""Keeps what the form holds in the history, so that neither a cut line nor the next day takes a prompt away."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from textual.timer import Timer

from krea_tui.domain.errors import KreaTuiError
from krea_tui.ui.drafts import Draft, draft_from_json, draft_to_json

if TYPE_CHECKING:
    from krea_tui.ui.session import Session
    from krea_tui.ui.widgets.compose_form import ComposeForm

SETTLES_S: Final = 1.0
_KEPT_AS: Final = "draft"


class DraftKeeper:
    """Writes the draft a second after the last change; a history that cannot be written costs the draft alone."""

    def __init__(self, form: ComposeForm, session: Session) -> None:
        self._form = form
        self._session = session
        self._kept: Draft | None = None
        self._settling: Timer | None = None

    async def restore(self) -> None:
        """Put the kept draft into a form that nobody has touched yet."""
        with suppress(KreaTuiError, ValueError):
            stored: object = json.loads(await self._session.recall(_KEPT_AS) or "null")
            if isinstance(stored, dict) and self._form.draft == Draft():
                self._kept = draft_from_json(stored)
                self._form.draft = self._kept

    def changed(self) -> None:
        """The person typed: keep the draft once it settles."""
        if self._settling is not None:
            self._settling.stop()
        self._settling = self._form.set_timer(SETTLES_S, self.keep)

    async def keep(self) -> None:
        """Keep the draft now, if it is another than the one kept."""
        draft = self._form.draft
        if draft != self._kept:
            self._kept = draft
            with suppress(KreaTuiError):
                await self._session.keep(_KEPT_AS, json.dumps(draft_to_json(draft), ensure_ascii=False))
