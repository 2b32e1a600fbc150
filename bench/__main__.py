"""``python -m bench NAME``: run one bench, print its report, exit 0 when every bar held.

1: a bar was missed. 2: nothing could be measured (the server did not start, the load generator was saturated, messages did
not arrive), in which case no figure is printed; or what a bar compares with is not on this machine.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, NoReturn

try:
    from bench import compare, everything, harness, page, server
    from bench.report import UNMEASURED, Report, Unmeasurable, as_text
    from bench.suite import BENCHES
    from bench.wire import Refusal
except ModuleNotFoundError as absent:
    if __name__ != "__main__" or (absent.name or "").partition(".")[0] in ("bench", "fwber_rt"):  # a fault of ours: seen whole
        raise
    print(
        f'bench: no {absent.name} here; it needs .venv: make bench ARGS="...", or .venv/bin/python -m bench ...', file=sys.stderr
    )
    sys.exit(2)

_ABOUT = """\
Load benches of fwber_rt. Each starts its own server on a loopback port with a data directory of its own, measures it as
clients would, checks what it received, and prints a table; bars (thresholds) set the exit code.
"""
_TEACH = """\
  python -m bench fanout --help                   what it measures, and how to make it small
  python -m bench fanout --json a.json --html a.html      the same figures for machines, and with plots
  python -m bench fanout --threshold "W=1: ours / websockets=1.1"      another limit for one bar
  python -m bench idle --target https://127.0.0.1:8443 --insecure     a server that runs already
  python -m bench compare a.json b.json           what became worse, beyond the noise
  python -m bench messages --python other/bin/python      the server under another Python
  python -m bench all --tiny                      every bench in a form that takes seconds: do they work here?
  python -m bench all --target https://127.0.0.1:8443 --insecure      those that can measure a server which runs already
  python -m bench calibrate                       what this machine holds

Waits of open loops are measured from the moment a request was due, not from when it was sent, so that a server which stalls
is charged for all that would have met the stall. Closed loops (fanout, cells) measure what is possible at a number of
messages in flight.

exit status: 0 every bar held, 1 a bar was missed, 2 nothing trustworthy was measured, or no figure for one of the bars
"""
_COMPARE = "two reports beside each other: ratios, and what became worse beyond the noise (exit status 1)"
_ALL = "every bench, one after the other; --tiny: in forms that take seconds"
_ALIASES = {f"--{name}": name for name in ("compare", "calibrate", "all")}


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; returns the exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    arguments = parser().parse_args([_ALIASES.get(word, word) if place == 0 else word for place, word in enumerate(given)])
    try:
        if arguments.bench == "compare":
            return compare.run(arguments)
        if arguments.python:
            harness.serve_under(arguments.python)
        _check_outputs(arguments)
        if arguments.bench == "all":
            return _everything(arguments)
        return _one(arguments)
    except (Unmeasurable, Refusal) as problem:
        print(f"{arguments.bench}: not measured: {problem}", file=sys.stderr)
        return UNMEASURED
    finally:
        harness.unpin()
        harness.serve_under_this()


def _one(arguments: argparse.Namespace) -> int:
    report = BENCHES[arguments.bench].run(arguments)
    report.notes += server.notes(arguments)
    if arguments.python:
        report.notes.append(f"servers of ours run under {arguments.python}")
    problem = None
    try:
        report.move(dict(arguments.threshold))
    except Unmeasurable as wrong:  # what was measured is worth showing all the same
        problem = wrong
    print(report.render())
    _write(arguments, [report])
    if problem:
        raise problem
    return report.exit_code


def _everything(arguments: argparse.Namespace) -> int:
    """The worst exit status of all."""
    run = everything.run(arguments, lambda words: parser().parse_args(words))
    if run.reports:
        _write(arguments, run.reports)
    return run.status


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Minutes of measuring are not to end in a file that cannot be written."""
    for flag, file in (("--json", arguments.json), ("--html", arguments.html)):
        if file is None:
            continue
        if not file.parent.is_dir():
            raise Unmeasurable(f"{flag} {file}: there is no directory {file.parent}")
        if file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
            raise Unmeasurable(f"{flag} {file}: it cannot be written; name another file")


def _write(arguments: argparse.Namespace, reports: Sequence[Report]) -> None:
    try:
        if arguments.json:
            values = [report.as_json() for report in reports]
            arguments.json.write_text(as_text(values if arguments.bench == "all" else values[0]), encoding="utf-8")
        if arguments.html:
            arguments.html.write_text(page.render(reports), encoding="utf-8")
    except OSError as problem:
        raise Unmeasurable(f"the report could not be written: {problem}") from None


class _Parser(argparse.ArgumentParser):
    """Says in one line what was wrong; the usage of a bench with many flags would hide it."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2."""
        self.exit(UNMEASURED, f"{self.prog}: {message} ({self.prog} --help tells more)\n")


class _Targetless(argparse.Action):
    """``--target`` where there is none. ``others``: the benches that have it."""

    others: ClassVar[list[str]] = []

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Say why."""
        parser.error(f"it starts what it measures, so it takes no --target, as {', '.join(self.others)} do")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    raw = argparse.RawDescriptionHelpFormatter
    _Targetless.others.clear()
    made = _Parser(prog="python -m bench", description=_ABOUT, epilog=_TEACH, formatter_class=raw)
    benches = made.add_subparsers(dest="bench", required=True, metavar="BENCH")
    for name, bench in BENCHES.items():
        one = benches.add_parser(name, help=bench.HELP, description=bench.HELP, epilog=bench.TEACH, formatter_class=raw)
        bench.add_arguments(one)
        try:
            one.add_argument("--target", nargs="?", action=_Targetless, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        except argparse.ArgumentError:  # it has one of its own
            _Targetless.others.append(name)
        one.add_argument("--threshold", type=_threshold, action="append", default=[], metavar="NAME=VALUE",
                         help="another limit for the bar of that name (as printed); may be given again")  # fmt: skip
        _add_outputs(one)
    compare.add_arguments(benches.add_parser("compare", help=_COMPARE, description=compare.__doc__, formatter_class=raw))
    whole = benches.add_parser("all", help=_ALL, description=everything.__doc__, formatter_class=raw)
    everything.add_arguments(whole)
    _add_outputs(whole)
    return made


def _add_outputs(one: argparse.ArgumentParser) -> None:
    one.add_argument("--python", type=Path, metavar="PATH", help="run our servers under this Python (of an environment that has"
                     " what requirements.lock names)")  # fmt: skip
    one.add_argument("--json", type=Path, metavar="FILE", help="also write the report as JSON")
    one.add_argument("--html", type=Path, metavar="FILE", help="also write it as a page with plots, which needs nothing else")


def _threshold(text: str) -> tuple[str, float]:
    """``NAME=VALUE``; names may have = in them."""
    name, sign, value = text.rpartition("=")
    try:
        limit = float(value)
    except ValueError:
        sign = ""
        limit = 0.0
    if not sign or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE with a number")
    return name.strip(), limit


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that servers and directories are cleared away
    sys.exit(main())
