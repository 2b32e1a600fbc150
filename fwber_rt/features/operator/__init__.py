"""What the operator's page shows and no other feature knows: the audit log.

Everything here is for administrators. What they do to users, rooms and reports is with the features that keep those.
"""

from __future__ import annotations

from fwber_rt.core.access import Kind
from fwber_rt.features.operator import log, schema, shapes
from fwber_rt.registry import Feature, Query

feature = Feature(
    name="operator",
    queries=[
        Query(
            "operator.audit", "GET /operator/audit", shapes.ListAudit, log.operator_audit, shapes.AuditPage, least=Kind.ADMIN,
            help="What administrators did, newest first.",
        ),
    ],
    migrations=[schema.MIGRATION],
    settings=[schema.AUDIT_KEPT],
    tables=schema.TABLES,
)  # fmt: skip
