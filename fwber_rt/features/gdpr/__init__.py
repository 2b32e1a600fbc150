"""A person's own data: a copy of it, and its erasure."""

from __future__ import annotations

from fwber_rt.core.access import Kind
from fwber_rt.errors import CONFLICT, NOT_FOUND
from fwber_rt.features.gdpr import erasing, exporting, schema, shapes
from fwber_rt.protocol.shapes import Nothing
from fwber_rt.registry import Command, Feature, PushSpec, Query, State

feature = Feature(
    name="gdpr",
    commands=[
        Command(
            "account.erase", shapes.EraseAccount, erasing.account_erase, shapes.Erasing, http="POST /account/erase",
            limit="erase", load=erasing.load_erase, durable=True, errors=(erasing.UNCONFIRMED, CONFLICT),
            help="Erase me and everything I wrote, for ever.",
        ),
        Command(
            "account.export", Nothing, exporting.account_export, shapes.ExportView, http="POST /account/exports", limit="export",
            load=exporting.load_exports, durable=True, help="Make a copy of everything stored about me.",
        ),
    ],
    queries=[
        Query(
            "account.erasure", "POST /account/erasure", shapes.FindErasure, erasing.account_erasure, shapes.Proof,
            least=Kind.ANONYMOUS, help="The proof of an erasure, for whoever has its receipt.", errors=(NOT_FOUND,),
        ),
        Query(
            "account.exports", "GET /account/exports", Nothing, exporting.account_exports, shapes.Exports,
            help="The copies of my data that I asked for.",
        ),
        Query(
            "account.export.get", "GET /account/exports/{export}", shapes.ExportRef, exporting.account_export_get,
            shapes.ExportView, archive=True, help="One copy of my data, and whether it is ready.", errors=(NOT_FOUND,),
        ),
    ],
    errors=[erasing.UNCONFIRMED],
    migrations=[schema.MIGRATION],
    settings=[erasing.LIMIT_ERASE, exporting.LIMIT_EXPORT, exporting.KEPT, schema.RETENTION_EVERY, schema.GUESTS_KEPT],
    pushes=[PushSpec("account.export", shapes.ExportView, False, "a copy of my data is ready, or could not be made")],
    tables=schema.TABLES,
    state=State(load=erasing.load, forget=erasing.forget),
)  # fmt: skip
