"""``python -m fwber_rt`` is the command ``fwber-rt``."""

import sys

from fwber_rt.cli import main

if __name__ == "__main__":
    sys.exit(main())
