"""Requests, replies and pushes about a person's own data."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from fwber_rt.protocol.shapes import Id

Receipt = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z", description="what `account.erase` answered")]


class EraseAccount(Struct):
    """``confirm`` says that it is meant; ``password`` is needed when the account has one."""

    confirm: Literal["erase everything"]
    password: Annotated[str, Meta(max_length=1024)] = ""


class Erasing(Struct):
    """The erasure is certain from here on. ``receipt`` asks for its proof (`account.erasure`); ``until``: done by then."""

    receipt: str
    asked: int
    until: int


class FindErasure(Struct):
    """An erasure, by its receipt."""

    receipt: Receipt


class Proof(Struct, omit_defaults=True):
    """What an erasure did. Times in milliseconds; ``rows`` are deleted or emptied, by table. Nothing in it is personal.

    ``key``: the key under which the user's data was sealed, here and in every backup, was destroyed. ``memory``, ``snapshots``
    and ``log``: from then on the server's memory, its snapshots and the database's write-ahead log no longer held anything.
    """

    erasure: str
    asked: int
    cause: str
    done: int | None = None
    rows: dict[str, int] = {}
    exports: int = 0
    key: int | None = None
    memory: int | None = None
    snapshots: int | None = None
    log: int | None = None


class ExportRef(Struct):
    """An export, by id."""

    export: Id


class ExportView(Struct, omit_defaults=True):
    """``state`` is ``waiting``, ``ready`` or ``failed``; a ready one has ``bytes`` and is there until ``ends`` (milliseconds).

    It is fetched with ``GET /api/v1/account/exports/{export}/archive``.
    """

    export: str
    state: str
    asked: int
    made: int | None = None
    bytes: int | None = None
    ends: int | None = None


class Exports(Struct):
    """My exports, newest first."""

    exports: list[ExportView]
