"""Which fault meets which request."""

from collections.abc import Iterable
from dataclasses import replace

from krea_tui.simulator.behaviour import Behaviour, Fault, Target


class FaultQueue:
    """The one-shot and standing faults of a behaviour, used up request by request."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._queue = list(behaviour.faults)
        self._standing = list(behaviour.standing)

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def waiting(self) -> tuple[Fault, ...]:
        """The one-shot faults that are not used up."""
        return tuple(self._queue)

    def add(self, faults: Iterable[Fault]) -> None:
        """Puts one-shot faults behind those that wait."""
        self._queue.extend(faults)

    def take(self, target: Target) -> Fault | None:
        """The fault for the next request of a target; one-shots go before standing ones."""
        for faults, is_standing in ((self._queue, False), (self._standing, True)):
            fault = _take(faults, target, is_standing)
            if fault is not None:
                return fault
        return None


def _take(faults: list[Fault], target: Target, is_standing: bool) -> Fault | None:
    for index, fault in enumerate(faults):
        if fault.on is not target:
            continue
        if fault.skip:
            faults[index] = replace(fault, skip=fault.skip - 1)
            return None
        if not is_standing:
            if fault.times > 1:
                faults[index] = replace(fault, times=fault.times - 1)
            else:
                del faults[index]
        return fault
    return None
