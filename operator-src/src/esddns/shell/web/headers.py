"""What every answer says of itself to a browser, whether it is a page, an error or nothing at all.

No Strict-Transport-Security: it would hold for the whole host name, and so for every other service behind the
same address, on all ports, long after this one is gone. Who wants it sets it where TLS ends.
"""

from __future__ import annotations

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),  # for browsers that do not know frame-ancestors
    ("Referrer-Policy", "no-referrer"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
NOT_KEPT = ("Cache-Control", "no-store")
ASK_AGAIN = ("Cache-Control", "no-cache")  # kept, and used only after asking whether it still holds
KEPT = ("Cache-Control", "public, max-age=31536000, immutable")  # of what has its own name

METHODS = ("GET", "HEAD")
