"""What the operator's page shows and no other feature knows: figures, busy hexagons, settings in force, the audit log.

Everything here is for administrators. What they do to users, rooms and reports is with the features that keep those.
"""

from __future__ import annotations

from fwber_rt.core.access import Kind
from fwber_rt.core.oversight import Figures
from fwber_rt.features.operator import log, overview, schema, shapes
from fwber_rt.protocol.shapes import Nothing
from fwber_rt.registry import Feature, Query

feature = Feature(
    name="operator",
    queries=[
        Query(
            "operator.figures", "GET /operator/figures", Nothing, overview.operator_figures, Figures, least=Kind.ADMIN,
            help="How the server is: what every part says of itself.",
        ),
        Query(
            "operator.cells", "GET /operator/cells", Nothing, overview.operator_cells, shapes.BusyCells, least=Kind.ADMIN,
            help="The busiest hexagons, in counts of fives, of at most `operator.cells_s` ago.",
        ),
        Query(
            "operator.settings", "GET /operator/settings", Nothing, overview.operator_settings, shapes.SettingsInForce,
            least=Kind.ADMIN, help="The settings in force, secrets masked.",
        ),
        Query(
            "operator.audit", "GET /operator/audit", shapes.ListAudit, log.operator_audit, shapes.AuditPage, least=Kind.ADMIN,
            help="What administrators did, newest first.",
        ),
    ],
    migrations=[schema.MIGRATION],
    settings=[schema.AUDIT_KEPT, overview.CELLS_EVERY],
    tables=schema.TABLES,
)  # fmt: skip
