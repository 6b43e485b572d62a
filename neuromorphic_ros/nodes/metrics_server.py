"""Metrics over HTTP, on this machine unless told otherwise."""

from __future__ import annotations

import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from neuromorphic_ros.errors import NeuromorphicError


class MetricsError(NeuromorphicError):
    """Metrics that cannot be served."""


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        """Write nothing: every scrape would be a line."""


class MetricsServer:
    """Serve a registry until closed."""

    def __init__(self, registry: CollectorRegistry, address: str, port: int) -> None:
        """Begin to serve; raises MetricsError if the address or port cannot be had."""
        try:
            self._server = make_server(
                address, port, make_wsgi_app(registry), handler_class=_Silent
            )
        except OSError as refused:
            raise MetricsError(
                f"metrics cannot be served on {address}:{port}: {refused.strerror}; choose another "
                "metrics_port, or 0 for none"
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://{address}:{self._server.server_port}/metrics"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
