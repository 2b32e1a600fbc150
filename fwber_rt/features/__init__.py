"""What people can do. One module or folder per feature; adding one means adding a line here."""

from __future__ import annotations

from fwber_rt.features import about, accounts, connection, gdpr, location, mail, messages, operator, rooms, safety, tickets
from fwber_rt.registry import Registry

FEATURES = (
    accounts.feature,
    connection.feature,
    location.feature,
    rooms.feature,
    messages.feature,
    mail.feature,
    gdpr.feature,
    tickets.feature,
    safety.feature,
    operator.feature,
    about.feature,
)


def registry() -> Registry:
    """Every feature, folded."""
    return Registry(FEATURES)
