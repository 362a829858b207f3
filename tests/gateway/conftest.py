"""A simulated gateway for each module, forgotten before each test, and the real client on it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from krea_tui.gateway.client import GatewayAddress, HttpGateway
from krea_tui.simulator import Simulator, SimulatorServer
from tests.support.bench import STATUS_PATH, SUBMIT_PATH, TinyGallery
from tests.support.keys import KEY


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    server = SimulatorServer(Simulator())
    server.simulator._gallery = TinyGallery()  # type: ignore[assignment]
    with server:
        yield server


@pytest.fixture
def simulator(server: SimulatorServer) -> Simulator:
    server.simulator.reset()
    return server.simulator


@pytest.fixture
async def gateway(server: SimulatorServer, simulator: Simulator) -> AsyncIterator[HttpGateway]:
    gateway = HttpGateway(GatewayAddress(server.base_url, SUBMIT_PATH, STATUS_PATH), KEY, read_timeout_s=0.4)
    yield gateway
    await gateway.aclose()
