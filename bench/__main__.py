"""``python -m bench NAME``: run one bench, print its report, exit 0 when every bar held.

1: a bar was missed. 2: nothing could be measured (the server did not start, the load generator was saturated, messages did
not arrive), in which case no figure is printed.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from bench import harness
from bench.report import UNMEASURED, Unmeasurable
from bench.suite import BENCHES
from bench.wire import Refusal

_ABOUT = """\
Load benches of fwber_rt. Each starts its own server on a loopback port with a data directory of its own, measures it as
clients would, checks what it received, and prints a table; bars (thresholds) set the exit code.
"""
_TEACH = """\
  python -m bench fanout --help                   what it measures, and how to make it small
  python -m bench fanout --json fanout.json       the same figures for machines

exit status: 0 every bar held, 1 a bar was missed, 2 nothing trustworthy was measured
"""


def main(argv: list[str] | None = None) -> int:
    """Run what the command line asks for; returns the exit status."""
    arguments = _parser().parse_args(argv)
    bench = BENCHES[arguments.bench]
    try:
        report = bench.run(arguments)
    except (Unmeasurable, Refusal) as problem:
        print(f"{arguments.bench}: not measured: {problem}", file=sys.stderr)
        return UNMEASURED
    finally:
        harness.unpin()
    print(report.render())
    if arguments.json:
        report.write(arguments.json)
    return report.exit_code


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m bench", description=_ABOUT, epilog=_TEACH, formatter_class=raw)
    benches = parser.add_subparsers(dest="bench", required=True, metavar="BENCH")
    for name, bench in BENCHES.items():
        one = benches.add_parser(name, help=bench.HELP, description=bench.HELP, epilog=bench.TEACH, formatter_class=raw)
        bench.add_arguments(one)
        one.add_argument("--json", type=Path, metavar="FILE", help="also write the report as JSON")
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that servers and directories are cleared away
    sys.exit(main())
