"""The server's own certificate: the settings that name it, and what is made of them."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from fwber_rt.config import ConfigError
from fwber_rt.core.settings import Setting, Settings

CERT: Final = Setting("tls.cert", "", "certificate chain in PEM; empty: plain HTTP, for loopback or behind a TLS proxy", "path")
KEY: Final = Setting("tls.key", "", "the certificate's private key in PEM", "path")


def context(settings: Settings) -> ssl.SSLContext | None:
    """What TLS is served with, if it is. Reads both files; ConfigError when either cannot be read, or they do not fit."""
    cert, key = settings[CERT], settings[KEY]
    if not cert:
        return None
    _readable(CERT, cert)
    _readable(KEY, key)
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        made.load_cert_chain(cert, key)
    except ssl.SSLError as error:  # it does not say which file it is about
        files = f"{CERT.name} {cert} and {KEY.name} {key}"
        raise ConfigError([f"{files} cannot be used: {error}; name a certificate chain and its key, in PEM"]) from error
    return made


def _readable(setting: Setting[str], file: str) -> None:
    try:
        with Path(file).open("rb"):
            pass
    except OSError as error:
        problem = f"{setting.name}: cannot read {file}: {error.strerror}; name a PEM file that the server may read"
        raise ConfigError([problem]) from error
