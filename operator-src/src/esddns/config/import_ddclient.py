"""ddclient.conf (https://github.com/ddclient/ddclient, versions 3 and 4) as dns.ini has it.

What its options mean is said in ddclient.in: the table of variables, and nic_gandi_update.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from esddns.config import values
from esddns.config.ddclient_file import DdclientFile, Host, Option, split_ddclient
from esddns.config.imported import TTL_HIGH, Account, Candidate, Imported, Importing, refusal
from esddns.config.imported_words import label_of, seen
from esddns.config.report import Report
from esddns.config.settings import GANDI_URL, AuthScheme, is_gandi
from esddns.config.values import BadValueError
from esddns.core.model import RRType

Note = Callable[[str, str], None]

_TRUE = re.compile(r"y(es)?|t(rue)?|1", re.IGNORECASE)
_FALSE = re.compile(r"n(o)?|f(alse)?|0", re.IGNORECASE)
_DELAY = re.compile(r"(\d{1,12})([smhd]?)", re.IGNORECASE)
_FOR_EVER = re.compile(r"inf(init[ye])?|indefinite(ly)?|never|forever|always", re.IGNORECASE)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SERVER, _SCRIPT = "api.gandi.net", "/v5"
_PROTOCOL = "dyndns2"  # where none is given

_OFF = frozenset({"", "disabled", "no"})
_FIXED = frozenset({"ip", "ipv4", "ipv6"})

_FINDS = (
    "not carried over: esddns asks services of several operators, and believes a quorum of them; "
    "[source:NAME] adds one of your own"
)
_LOGS = "not carried over: esddns logs to stderr; see --log-format and --log-level"
_MAIL = "not carried over: alerts go by its metrics, or by heartbeat-url in [detection]"
_PROCESS = "not carried over: `esddns run` stays in the foreground, and remembers in --state-dir"
_PACE = "not carried over: esddns writes when something has changed, and backs off by itself"
_TLS = "not carried over: certificates are checked against those that the system trusts"

# What to do about each option that has no key in dns.ini.
_ADVICE: Mapping[str, str] = {
    **dict.fromkeys(
        ("web", "webv4", "webv6", "web-skip", "webv4-skip", "webv6-skip", "web-ssl-validate"),
        _FINDS,
    ),
    **dict.fromkeys(("if", "ifv4", "ifv6", "cmd", "cmdv4", "cmdv6", "cmd-skip"), _FINDS),
    **dict.fromkeys(("fw", "fwv4", "fwv6", "fw-skip", "fwv4-skip", "fwv6-skip"), _FINDS),
    **dict.fromkeys(("fw-login", "fw-password", "fw-ssl-validate"), _FINDS),
    **dict.fromkeys(("syslog", "facility", "priority", "verbose", "quiet", "debug"), _LOGS),
    **dict.fromkeys(("mail", "mail-failure", "mail-from"), _MAIL),
    **dict.fromkeys(("pid", "cache", "file", "foreground", "exec", "test", "force"), _PROCESS),
    **dict.fromkeys(
        ("timeout", "min-interval", "max-interval", "min-error-interval", "jitter", "max-warn"),
        _PACE,
    ),
    **dict.fromkeys(("ssl_ca_dir", "ssl_ca_file"), _TLS),
    "postscript": "not carried over: esddns starts no program; its metrics and Events tell of a change",
    "proxy": "not carried over: the environment's HTTPS_PROXY counts for Gandi, and nothing for the sources",
    "wildcard": "not carried over: write a record of its own for *.NAME",
    "mx": "not carried over: esddns keeps A and AAAA records",
    "backupmx": "not carried over: esddns keeps A and AAAA records",
    "login": "not carried over, and not shown: Gandi takes a token alone",
}
_HANDLED = frozenset({
    "daemon", "host", "ip", "ipv4", "ipv6", "password", "protocol", "script", "server", "ssl", "ttl", "use",
    "use-personal-access-token", "usev4", "usev6", "zone",
})  # fmt: skip


def read_ddclient(text: str, report: Report) -> Imported:
    """Read a ddclient.conf. Any text is one, and what makes no sense is noted.

    Raises ConfigurationError where it has more than any site could mean.
    """
    file = split_ddclient(text)
    if file.too_much is not None:
        raise refusal(report, file.too_much, "found more than 1000 hosts or options up to here")
    importing = Importing()
    for secret in file.secrets:
        importing.secret(secret)
    options: dict[tuple[str, int], Option] = {}
    for host in file.hosts.values():
        protocol = host.options.get("protocol")
        if protocol is not None and protocol.value.lower() == "gandi":
            options |= {(key, option.line): option for key, option in host.options.items()}
            _add(host, importing)
        else:
            found = f"protocol={seen(protocol.value)}" if protocol else f"no protocol ({_PROTOCOL})"
            message = f"not carried over: found {found}, and esddns knows Gandi alone: leave it to ddclient"
            importing.note(host.line, label_of([host.name]), message)
    _pace(file, options, importing)
    _note_options(options, importing)
    for line in file.odd:
        message = (
            "found words behind the hosts (not shown), which ddclient takes for login and password"
        )
        importing.note(
            line,
            "hosts",
            f"{message}: options go in front of the hosts, without white space around =",
        )
    return importing.finish()


def _add(host: Host, importing: Importing) -> None:
    """Make a candidate of one host at Gandi."""
    label = label_of([host.name])

    def note(key: str, message: str) -> None:
        if option := host.options.get(key):
            importing.note(option.line, key, message)
        else:
            importing.note(host.line, f"{label}: {key}", message)

    types = _types(host.options, note)
    if not types:
        importing.note(host.line, label, "not carried over: no type is left of it")
        return
    zone = _value(host.options, "zone").rstrip(".") or None
    password = host.options.get("password")
    token = _truth(host.options, "use-personal-access-token", note)
    importing.add(
        Candidate(
            line=host.line,
            what=label,
            fqdn=_full_name(host.name, zone, note),
            zone=zone,
            types=types,
            ttl=_delay(host.options, "ttl", note),
            account=Account(
                AuthScheme.BEARER if token else AuthScheme.APIKEY,
                password.value if password else "",
                _url(host.options, note),
            ),
        )
    )


def _full_name(host: str, zone: str | None, note: Note) -> str:
    """Give the name that ddclient keeps: it takes the zone off, and sends what is left."""
    if zone is None:
        return host
    if host == "@" or host.lower() == f"@.{zone}".lower():
        return zone
    if host.lower().rstrip(".") == zone.lower():
        note("zone", f"the host {seen(host)} is the zone itself: taken for its apex (@)")
        return zone
    return host if "." in host else f"{host}.{zone}"


def _types(options: Mapping[str, Option], note: Note) -> tuple[RRType, ...]:
    """Tell which types a host has by the ways in which its addresses are found."""
    old, v4, v6 = (_value(options, key).lower() for key in ("use", "usev4", "usev6"))
    types: set[RRType] = set()
    if old in _OFF and v4 in _OFF and v6 in _OFF:
        if "use" not in options and "ip" not in options:
            note(
                "use",
                "found nothing that says how the address is found: carried over as an A record",
            )
            types.add(RRType.A)
        elif "use" not in options:
            _way("use", "ip", note)
    if old not in _OFF:
        six = "6" in _value(options, "web") and old == "web"
        types |= {RRType.AAAA if six else RRType.A} if _way("use", old, note) else set()
    if v4 not in _OFF and _way("usev4", v4, note):
        types.add(RRType.A)
    if v6 not in _OFF and _way("usev6", v6, note):
        types.add(RRType.AAAA)
    return tuple(rrtype for rrtype in RRType if rrtype in types)


def _way(key: str, way: str, note: Note) -> bool:
    """Note what is different about a way to find the address; tell whether the record follows the WAN."""
    if way in _FIXED:
        note(
            key,
            f"not carried over: found {way}, an address that is given, and the records of dns.ini follow "
            f"the WAN: write a DNSRecord with source.type: Static",
        )
        return False
    if not way.startswith("web"):
        note(
            key,
            f"found {seen(way)}: esddns reads no interface and asks no router, but services outside. "
            f"Where that is another address the record changes: see `esddns once --dry-run` first",
        )
    return True


def _url(options: Mapping[str, Option], note: Note) -> str:
    """Give the API's URL; a server that is not Gandi's is never asked."""
    server, script = _value(options, "server") or _SERVER, _value(options, "script") or _SCRIPT
    url = f"https://{re.sub('^https?://', '', server)}/{script.strip('/')}/livedns"
    try:
        values.http_url(url, query=False)
    except BadValueError:
        pass
    else:
        if is_gandi(url):
            return GANDI_URL if url == GANDI_URL else url
    note(
        "server",
        f"not carried over: it is not Gandi's; {GANDI_URL} is asked, else set url in [gandi]",
    )
    return GANDI_URL


def _pace(
    file: DdclientFile, options: Mapping[tuple[str, int], Option], importing: Importing
) -> None:
    """Carry `daemon` over, which ddclient takes from anywhere in front of the hosts."""
    found = file.globals.get("daemon")
    found = found or next((o for (key, _), o in options.items() if key == "daemon"), None)
    if found is None:
        return
    seconds = _delay({"daemon": found}, "daemon", lambda key, m: importing.note(found.line, key, m))
    if seconds:
        importing.interval(found.line, "daemon", seconds)
    elif seconds == 0:
        message = "found 0, a single pass: `esddns once` makes one, `esddns run` goes on"
        importing.note(found.line, "daemon", message)


def _note_options(options: Mapping[tuple[str, int], Option], importing: Importing) -> None:
    """Say of each option that holds for a record at Gandi what becomes of it."""
    for (key, line), option in sorted(options.items(), key=lambda item: item[1].line):
        if option.variable and key == "password":
            message = "the token is in a variable: give it to esddns as GANDI_API_KEY"
            importing.note(line, "password_env", message)
        elif option.variable:
            message = "names a variable, which is not read here: write its value into the file"
            known = key in _HANDLED or key in _ADVICE
            importing.note(line, f"{key if known else label_of([key])}_env", message)
        elif key == "ssl" and _FALSE.fullmatch(option.value):
            importing.note(line, key, "not carried over: Gandi is asked over https alone")
        elif key in _ADVICE:
            importing.note(line, key, _ADVICE[key])
        elif key not in _HANDLED:
            message = (
                "not carried over: esddns import does not know this option (its value is not shown)"
            )
            importing.note(line, label_of([key]), message)


def _value(options: Mapping[str, Option], key: str) -> str:
    option = options.get(key)
    return "" if option is None or option.variable else option.value.strip()


def _truth(options: Mapping[str, Option], key: str, note: Note) -> bool:
    value = _value(options, key)
    if value and not _TRUE.fullmatch(value) and not _FALSE.fullmatch(value):
        note(key, "found neither yes nor no, which ddclient takes for no")
    return bool(_TRUE.fullmatch(value))


def _delay(options: Mapping[str, Option], key: str, note: Note) -> int | None:
    """Read a time as ddclient writes it, in seconds: 300, 5m, 1hour, never."""
    value = _value(options, key)
    if not value:
        return None
    if _FOR_EVER.fullmatch(value):
        note(key, f"found {seen(value)}, which is no time: the longest that is allowed is written")
        return TTL_HIGH
    if found := _DELAY.match(value):
        return int(found[1]) * _SECONDS[found[2].lower()]
    note(key, f"found {seen(value)}, no time like 300 or 5m: not carried over")
    return None
