"""A local gateway that behaves as the vendor's public page says, for the demo and for tests.

It imports nothing else of this project, or a wrong constant would agree with itself. Nothing is ever spent on it.
"""

from krea_tui.simulator.behaviour import DEMO, Behaviour, Close, Fault, MediaForm, MediaUrlForm, RetryAfter, Target
from krea_tui.simulator.gateway import Simulator
from krea_tui.simulator.server import SimulatorServer, serve

__all__ = [
    "DEMO",
    "Behaviour",
    "Close",
    "Fault",
    "MediaForm",
    "MediaUrlForm",
    "RetryAfter",
    "Simulator",
    "SimulatorServer",
    "Target",
    "serve",
]
