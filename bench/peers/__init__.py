"""Servers to be compared with: each is started by the suite, pinned like ours, and carries the same bytes per delivery."""
