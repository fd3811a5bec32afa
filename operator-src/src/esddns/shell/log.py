"""Structured logs on stderr: one line per event that a person would act on, as text or as JSON."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

_FIELDS = "esddns_fields"


def event(logger: logging.Logger, level: int, message: str, **fields: Any) -> None:
    """Log one event with its fields; those that are None are left out."""
    shown = {key: value for key, value in fields.items() if value is not None}
    logger.log(level, message, extra={_FIELDS: shown})


def set_up(fmt: str, level: str, mask: Callable[[str], str] = lambda text: text) -> None:
    """Send all logs to stderr. `mask` takes secrets out of a finished line, whatever put them there."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(fmt, mask))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for chatty in ("urllib3", "asyncio", "aiohttp.access"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


class _Formatter(logging.Formatter):
    def __init__(self, fmt: str, mask: Callable[[str], str]) -> None:
        super().__init__()
        self._json = fmt == "json"
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if self._json:
            return self._mask(json.dumps(line, default=str, ensure_ascii=False))
        head = f"{line.pop('time')} {line.pop('level').upper():7} {line.pop('message')}"
        exception = line.pop("exception", None)
        fields = " ".join(f"{key}={_value(value)}" for key, value in line.items())
        text = f"{head}  {fields}" if fields else head
        return self._mask(f"{text}\n{exception}" if exception else text)


def _value(value: Any) -> str:
    text = str(value)
    plain = text and text.isprintable() and not any(c in text for c in ' "=')
    return text if plain else json.dumps(text, ensure_ascii=False)
