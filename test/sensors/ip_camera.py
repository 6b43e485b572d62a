"""A camera on the network that streams JPEG pictures, and can be unplugged."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

BOUNDARY = "picture"


class IpCamera:
    """Serve pictures at 20 Hz; `plugged` cuts the stream, `frozen` lets it hang."""

    def __init__(self) -> None:
        """Begin to serve on a free port of this machine."""
        self.plugged = True
        self.frozen = False
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if not camera.plugged:
                    self.send_error(503)
                    return
                self.send_response(200)
                self.send_header("Content-Type", f"multipart/x-mixed-replace;boundary={BOUNDARY}")
                self.end_headers()
                camera._stream(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/stream"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self.plugged = False
        self._server.shutdown()
        self._server.server_close()

    def _stream(self, handler: BaseHTTPRequestHandler) -> None:
        _, jpeg = cv2.imencode(".jpg", np.full((16, 32, 3), 90, np.uint8))
        head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {jpeg.size}\r\n\r\n"
        while self.plugged:
            time.sleep(0.05)
            if self.frozen:
                continue
            try:
                handler.wfile.write(head.encode() + jpeg.tobytes() + b"\r\n")
            except OSError:
                return
