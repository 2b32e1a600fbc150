"""Replacing the wrapping key, so that a crash at any moment leaves a data directory that opens.

Two files change, ``wrap.key`` and ``keys.db``, and no rename covers both. So:

1. The new key is written whole, beside the old one: ``wrap.key.new``.
2. One transaction of ``keys.db`` puts everything under the new key.
3. ``wrap.key.new`` becomes ``wrap.key``.

Whoever opens the directory tries both files. The old one fits: the transaction never came, the new one is removed. The new one
fits: the crash came after it, step 3 is done now. Both are on disk from before the transaction until after it.

A key in the environment is the operator's to replace: a start with the new one in ``FWBER_RT_WRAP_KEY`` and the old one in
``FWBER_RT_WRAP_KEY_PREVIOUS`` is step 2 alone.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fwber_rt.storage import wrapkey
from fwber_rt.storage.errors import StorageError
from fwber_rt.storage.vault import FILE, Vault

REPLACED: Final = (
    f"wrapping key: replaced; save the new {wrapkey.FILE}, then the keys with `fwber-rt backup-keys`: "
    "a copy of them made before needs the old key file"
)
HOW_IN_ENVIRONMENT: Final = (
    f"wrapping key: it comes from {wrapkey.VARIABLE} and stays: to replace it, start the server with a new one there "
    f"(`openssl rand -base64 32`) and the old one in {wrapkey.PREVIOUS_VARIABLE}, once"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeyTexts:
    """What the environment says of the wrapping key: the variables' texts, empty where not set."""

    current: str = ""
    previous: str = ""


def key_texts(environ: Mapping[str, str]) -> KeyTexts:
    """From the environment."""
    return KeyTexts(environ.get(wrapkey.VARIABLE, ""), environ.get(wrapkey.PREVIOUS_VARIABLE, ""))


def open_vault(data_dir: Path, key: bytes, texts: KeyTexts, *, made: bool) -> Vault:
    """The vault under ``key``, with a replacement that was begun brought to its end. Blocks; raises StorageError.

    ``made``: there must be keys already.
    """
    waiting = None if texts.current else wrapkey.load_next(data_dir)
    previous = wrapkey.decode(texts.previous, wrapkey.PREVIOUS_VARIABLE) if texts.previous else None
    vault = Vault(data_dir / FILE, key, others=[other for other in (waiting, previous) if other], made=made)
    try:
        if waiting is not None and vault.wrap_key == waiting:
            wrapkey.adopt_next(data_dir)
            log.warning("the wrapping key had been replaced when the server ended; %s is the new one", wrapkey.FILE)
        elif vault.wrap_key != key:
            vault.rewrap(key)
            log.warning("everything is under the new wrapping key; %s may go", wrapkey.PREVIOUS_VARIABLE)
        if waiting is not None:
            wrapkey.drop_next(data_dir)
    except BaseException:
        vault.close()
        raise
    return vault


def rotate(vault: Vault, data_dir: Path) -> None:
    """A new key file, and everything under it, on disk when this returns. Blocks: for a thread.

    Raises StorageError. After a failure the new file stays: only the next start can tell which of the two fits.
    """
    with vault.rotating:
        if (data_dir / wrapkey.NEXT).exists():
            raise StorageError(f"an earlier rotation failed ({data_dir / wrapkey.NEXT} is there); restart the server first")
        vault.rewrap(wrapkey.create(data_dir, wrapkey.NEXT))
        wrapkey.adopt_next(data_dir)
