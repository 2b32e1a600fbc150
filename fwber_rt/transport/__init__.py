"""Sockets: one public port, WebSocket sessions, fan-out, REST."""
