"""What a live table must be given: rows by their place and by their key, and what the cells depend on besides them."""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeVar

RowT = TypeVar("RowT")
_RowT_co = TypeVar("_RowT_co", covariant=True)


class Rows(Protocol[_RowT_co]):
    """The rows of a table: index 0 is at the top. Rows may be many; only those in sight are ever asked for."""

    def __len__(self) -> int:
        """How many rows there are, loaded or not."""
        ...

    def row_at(self, index: int) -> _RowT_co | None:
        """The row in this place, or None where it is not loaded yet; a source that loads may take it as a wish."""
        ...

    def index_of(self, key: str) -> int | None:
        """The place of the row with this key, or None where it is not among the rows."""
        ...


class Scene(Protocol):
    """What every cell may depend on besides its row."""

    @property
    def now(self) -> float:
        """The time, as the table's clock tells it (seconds)."""
        ...

    @property
    def plain(self) -> bool:
        """Whether to draw with ASCII alone."""
        ...


class Moment(NamedTuple):
    """The scene of a table whose cells depend on nothing but their row and the time."""

    now: float
    plain: bool = False


SceneT = TypeVar("SceneT", bound=Scene)
