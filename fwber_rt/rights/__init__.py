"""What people may demand of whoever keeps their data: a copy of it, its erasure, and that it is not kept longer than needed.

Features say of each table what is in it (``registry.Table``); everything here follows from those declarations and from the
schema itself, so a new table is exported, erased and cleared without a line here. ``features/gdpr`` is what people ask with;
this package does the work, since it needs what no feature sees: every table, the keys, the snapshots and the log of the
database.
"""
