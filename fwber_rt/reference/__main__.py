"""``python -m fwber_rt.reference [--check]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from fwber_rt import features
from fwber_rt.reference import stale, write


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the reference, or with ``--check`` only name what is stale. The exit status: 1 when something was stale."""
    parser = argparse.ArgumentParser(prog="python -m fwber_rt.reference", description="Write the reference from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail with the names of stale files")
    registry = features.registry()
    if parser.parse_args(arguments).check:
        names = stale(registry)
        if names:
            sys.stderr.write(f"stale: {', '.join(names)}; run python -m fwber_rt.reference and commit the result\n")
        return 1 if names else 0
    for name in write(registry):
        sys.stdout.write(f"wrote {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
