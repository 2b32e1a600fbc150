"""Disk: the journal, migrations, sealed columns, snapshots, backups."""
