"""A configuration comes in; this process answers browsers and programs until it is told to end."""

from __future__ import annotations

import os
import sys
from types import FrameType

import uvicorn

from kvqa_audit.errors import KvqaAuditError
from kvqa_audit.process import collecting_seldom, end_with
from kvqa_audit.serve.config import ServeConfig
from kvqa_audit.serve.logs import set_up_logs
from kvqa_audit.web.app import Application, create_app

END_WITHIN_S = 5


class _Server(uvicorn.Server):
    """Lets onlookers of running audits go as soon as it is told to end; it would wait for them else."""

    def __init__(self, config: uvicorn.Config, app: Application) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._app.end_streams()
        super().handle_exit(sig, frame)


def serve_web(config: ServeConfig) -> None:
    """Answers requests until SIGTERM or Ctrl-C.

    Raises:
        StoreError: the store cannot be opened.
    """
    set_up_logs(config.log, "web")
    app = create_app(config.web_settings())
    server = uvicorn.Config(
        app,
        host=config.host,
        port=config.port,
        ssl_certfile=config.tls_cert,
        ssl_keyfile=config.tls_key,
        log_config=None,
        access_log=False,
        server_header=False,
        # Who the proxy speaks for is found by the application, which has to know the proxy itself, too.
        proxy_headers=False,
        timeout_graceful_shutdown=END_WITHIN_S,
        timeout_keep_alive=20,
        limit_concurrency=1_000,
    )
    _Server(server, app).run()


def main() -> None:
    """The process that `kvqa-audit serve` starts."""
    config = ServeConfig.model_validate_json(sys.stdin.buffer.read())
    end_with(os.getppid())
    try:
        with collecting_seldom():
            serve_web(config)
    except KvqaAuditError as error:
        sys.stderr.write(f"kvqa-audit: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
