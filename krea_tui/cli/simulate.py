"""`simulate`: the simulated gateway in a process of its own."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Mapping

from krea_tui.cli.exit_codes import ExitCode
from krea_tui.cli.output import tell_result
from krea_tui.domain.errors import UsageError
from krea_tui.domain.pricing import MICRO


def simulate(arguments: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    """Serve until interrupted, which is how it is meant to end."""
    from krea_tui.simulator import Behaviour, Simulator, serve

    usual = Behaviour()
    behaviour = Behaviour(
        latency_s=usual.latency_s if arguments.latency is None else arguments.latency,
        fail_rate=arguments.fail_rate or 0.0,
        error_rate=arguments.error_rate or 0.0,
        rate_limit_per_s=arguments.rate_limit,
        balance_microusd=None if arguments.balance is None else round(arguments.balance * MICRO),
    )
    # The system's request to end is answered as the person's is: what was told to be kept is written.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        if arguments.state_dir is not None:
            arguments.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        serve(Simulator(behaviour, state_dir=arguments.state_dir), port=arguments.port, announce=tell_result)
    except OSError as error:
        raise UsageError(
            f"the simulated gateway cannot be served on port {arguments.port}: {error.strerror or error}",
            advice="Choose another --port (0 takes a free one) or --state-dir.",
        ) from error
    except KeyboardInterrupt:
        # A signal may come before the server has taken over their handling.
        return ExitCode.DONE
    return ExitCode.DONE
