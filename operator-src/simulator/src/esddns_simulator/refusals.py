"""The error bodies of LiveDNS, as recorded or documented."""

from __future__ import annotations

import json

from esddns_simulator.response import HTML_TYPE, Response, compact_json

# Two servers speak here: the 404s come with blanks and an upper-case charset (recorded), the rest compact.
_SPACED_TYPE = "application/json; charset=UTF-8"


def _not_found(message: str, kind: str) -> Response:
    body = {"code": 404, "message": message, "object": kind, "cause": "Not Found"}
    return Response(404, {"Content-Type": _SPACED_TYPE}, json.dumps(body).encode())


ZONE_NOT_FOUND = _not_found(
    "The resource could not be found.", "HTTPNotFound"
)  # recorded: a zone of somebody else

# Recorded: without the header there is a message and no code. Its text is assumed.
NO_CREDENTIALS = compact_json(401, {"message": "Unauthorized"})

# Recorded: the object. The message is that of Pyramid, whose names these are.
UNAUTHORIZED = compact_json(
    401,
    {
        "object": "HTTPUnauthorized",
        "cause": "Unauthorized",
        "code": 401,
        "message": "The server could not verify that you authorized to access the document you requested.",
    },
)

FORBIDDEN = compact_json(  # recorded
    403,
    {
        "object": "HTTPForbidden",
        "cause": "Forbidden",
        "code": 403,
        "message": "Access was denied to this resource.",
    },
)

# 409 was reported by others (stalwart dns-update #42), its body is assumed.
CONFLICT = compact_json(
    409,
    {
        "object": "HTTPConflict",
        "cause": "Conflict",
        "code": 409,
        "message": "A DNS Record already exists with same value",
    },
)

# Assumed: what is recorded is that an unknown path is answered with an HTML 404.
PATH_NOT_FOUND = Response(
    404,
    {"Content-Type": HTML_TYPE},
    b"<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>\n",
)
METHOD_NOT_ALLOWED = compact_json(  # assumed
    405,
    {
        "object": "HTTPMethodNotAllowed",
        "cause": "Method Not Allowed",
        "code": 405,
        "message": "The method is not allowed for this resource.",
    },
)


def record_not_found(record: str) -> Response:
    """Answer that the zone has no such record; `record` is NAME/TYPE as asked (recorded)."""
    return _not_found(f"Can't find the DNS record {record} in the zone", "dns-record")


def rate_limited(retry_after: str | None) -> Response:
    """Answer 429 with a Retry-After header where one is given; the body is assumed."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return compact_json(429, {"message": "API rate limit exceeded"}, headers)


def server_error(status: int) -> Response:
    """Answer a 5xx with an HTML page, as a proxy in front does."""
    page = f"<html><head><title>{status}</title></head><body><h1>Server Error</h1></body></html>\n"
    return Response(status, {"Content-Type": HTML_TYPE}, page.encode())
