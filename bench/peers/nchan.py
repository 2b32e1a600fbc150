"""The peer nchan (nginx): subscribers over WebSocket, publishing by POST on one connection that is kept alive."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from bench import crowd
from bench.door import Door
from bench.harness import HOST
from bench.peers.peer import Peer
from bench.wire import Socket

_MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
_CONFIG = """\
load_module {module};
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log stderr warn;
user root;
events {{ worker_connections 18000; }}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  nchan_shared_memory_size 256M;
  server {{
    listen {host}:{port} backlog=4096;
    location ~ ^/hear/(.+)$ {{ nchan_subscriber websocket; nchan_channel_id $1; nchan_websocket_ping_interval 0;
      nchan_subscriber_first_message newest; }}
    location ~ ^/speak/(.+)$ {{ nchan_publisher http; nchan_channel_id $1; nchan_message_buffer_length 10000; }}
  }}
}}
"""


class Nchan(Peer):
    """nginx with nchan, one worker."""

    NAME = "nchan"
    GET = "apt install nginx libnginx-mod-nchan"

    @classmethod
    def missing(cls) -> bool:
        """Debian has both."""
        return not shutil.which("nginx") or not _MODULE.exists()

    def command(self) -> Sequence[str]:
        """In the foreground, with a configuration of its own."""
        config = self.directory / "nginx.conf"
        values = {"module": _MODULE, "directory": self.directory, "host": HOST, "port": self.port}
        config.write_text(_CONFIG.format(**values), encoding="utf-8")
        return [shutil.which("nginx") or "nginx", "-c", str(config), "-p", str(self.directory), "-e", "stderr"]

    def hear(self, channels: Sequence[str], first: int = 0) -> list[Socket]:
        """Upgraded connections."""
        return crowd.open_sockets(self.port, [f"/hear/{channel}" for channel in channels], first=first)

    def voices(self, groups: Sequence[Sequence[Socket]]) -> list[Socket]:
        """One connection for all channels; what it is answered is not counted."""
        return [Socket(Door(self.port))] * len(groups)

    def say(self, channel: str, body: bytes) -> bytes:
        """POST."""
        head = (
            f"POST /speak/{channel} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body
