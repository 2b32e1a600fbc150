"""The peer uWebSockets, through socketify: its own topics do the fan-out, Python is entered once per message.

``/hear/<channel>`` subscribes; a message goes to everybody in the channel, its sender included. No compression, no idle timeout,
and backpressure without a limit, as whoever is slow would else be sent less than the others. Run by the Python of .venv-peers.
"""

from __future__ import annotations

import sys
from typing import Any

from socketify import App, AppListenOptions, OpCode  # type: ignore[import-not-found]  # another environment's

_LARGE = 1 << 30


def main() -> None:
    """Serve until killed."""
    host, port = sys.argv[1], int(sys.argv[2])
    app = App()

    def upgrade(res: Any, req: Any, context: Any) -> None:
        key, protocol = req.get_header("sec-websocket-key"), req.get_header("sec-websocket-protocol")
        res.upgrade(key, protocol, req.get_header("sec-websocket-extensions"), context, req.get_parameter(0))

    def opened(ws: Any) -> None:
        ws.subscribe(ws.get_user_data())

    def said(ws: Any, message: Any, opcode: Any) -> None:
        app.publish(ws.get_user_data(), message, OpCode.TEXT)

    behavior = {
        "compression": 0, "max_payload_length": _LARGE, "max_backpressure": _LARGE, "idle_timeout": 0,
        "upgrade": upgrade, "open": opened, "message": said,
    }  # fmt: skip
    app.ws("/hear/:channel", behavior)
    app.listen(AppListenOptions(port=port, host=host), lambda config: print(f"ready on {host}:{port}", flush=True))
    app.run()


if __name__ == "__main__":
    main()
