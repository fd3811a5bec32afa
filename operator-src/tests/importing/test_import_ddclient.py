"""ddclient.conf: how it is read, and what each option comes to."""

from __future__ import annotations

import pytest

from importing.conftest import Run

GANDI = "protocol=gandi, zone=esddns.dev, password=0123456789abcdef01234567, ttl=600, use=web"


@pytest.mark.parametrize(
    ("text", "records"),
    [
        (f"{GANDI} home.esddns.dev", {"home.esddns.dev/A": 600}),
        (f"{GANDI} home", {"home.esddns.dev/A": 600}),
        (f"{GANDI} @", {"esddns.dev/A": 600}),
        (f"{GANDI} @.esddns.dev", {"esddns.dev/A": 600}),
        (f"{GANDI} esddns.dev", {"esddns.dev/A": 600}),
        (f"{GANDI} *", {"*.esddns.dev/A": 600}),
        (f"{GANDI} a , b.esddns.dev", {"a.esddns.dev/A": 600, "b.esddns.dev/A": 600}),
        (f"{GANDI} host=a b", {"a.esddns.dev/A": 600, "b.esddns.dev/A": 600}),
        (f"{GANDI}\nhome.esddns.dev\nttl=900 nas", {"home.esddns.dev/A": 600, "nas.esddns.dev/A": 900}),
        (f"{GANDI} \\\n home \\\n", {"home.esddns.dev/A": 600}),
        (f"{GANDI} \\  \r\n home\r\n", {"home.esddns.dev/A": 600}),
        (f"# protocol=x \\\n{GANDI} home # not this", {"home.esddns.dev/A": 600}),
        ("PROTOCOL=Gandi, zone='esddns.dev', ttl=\"600\", use=web ho\\me", None),
        ("PROTOCOL=Gandi, zone='esddns.dev', ttl=\"6\\00\", use=web home", {"home.esddns.dev/A": 600}),
        (f"{GANDI} use=no usev6=webv6 home", {"home.esddns.dev/AAAA": 600}),
        (f"{GANDI} usev6=webv6 home", {"home.esddns.dev/A": 600, "home.esddns.dev/AAAA": 600}),
        (f"{GANDI} web=ipify-ipv6 home", {"home.esddns.dev/AAAA": 600}),
        (f"{GANDI} a\nuse=no usev6=webv6 ttl=900 a", {"a.esddns.dev/A": 600, "a.esddns.dev/AAAA": 600}),
    ],
)  # fmt: skip
def test_hosts(run: Run, text: str, records: dict[str, int] | None) -> None:
    """Hosts, continued lines, comments, quotes and global options are read as ddclient reads them."""
    done = run(text, "--from", "ddclient")
    if records is None:
        assert (done.code, done.out) == (2, "")
    else:
        assert (done.code, done.records) == (0, records)


@pytest.mark.parametrize(
    ("ttl", "written", "said"),
    [
        ("300", 300, ""),
        ("5m", 300, ""),
        ("1hour", 3600, ""),
        ("2d", 172800, ""),
        ("60", 300, "found a TTL of 60 s, Gandi takes 300…2592000: 300 written"),
        ("31d", 2592000, "found a TTL of 2678400 s, Gandi takes 300…2592000: 2592000 written"),
        ("never", 2592000, "the longest that is allowed"),
        ("soon", 300, "found 'soon', no time like 300 or 5m: not carried over"),
        ("", 300, "ttl: none for home.esddns.dev: 300 s here"),
    ],
)
def test_ttl(run: Run, ttl: str, written: int, said: str) -> None:
    """A TTL is written in seconds; the nearest that is allowed, or the default, is said."""
    done = run(f"protocol=gandi use=web ttl={ttl} home.esddns.dev")
    assert (done.code, done.records) == (0, {"home.esddns.dev/A": written})
    assert said in done.err
    assert ("TTL" in done.err) == ("TTL" in said)


@pytest.mark.parametrize(
    ("daemon", "interval", "said"),
    [
        ("300", 300, ""),
        ("10m", 600, ""),
        ("2", 5, "5 written"),
        ("0", 300, "a single pass"),
        ("x", 300, "no time"),
    ],
)
def test_daemon(run: Run, daemon: str, interval: int, said: str) -> None:
    """`daemon` becomes the interval."""
    done = run(f"daemon={daemon}\n{GANDI} home")
    assert (done.code, done.settings.detection.interval) == (0, interval)
    assert said in done.err


@pytest.mark.parametrize(
    ("option", "auth"),
    [("", "apikey"), ("yes", "bearer"), ("1", "bearer"), ("no", "apikey"), ("on", "apikey")],
)
def test_auth(run: Run, option: str, auth: str) -> None:
    """Without use-personal-access-token it is a legacy key, which is said."""
    done = run(f"{GANDI} use-personal-access-token={option} home")
    assert done.settings.gandi.auth == auth
    assert ("Gandi deprecated" in done.err) == (auth == "apikey")
    assert ("neither yes nor no" in done.err) == (option == "on")


def test_another_token(run: Run) -> None:
    """Of several tokens the first one's records are carried over, and the others are named."""
    done = run(f"{GANDI}\nhome\npassword=another-token-of-mine nas\npassword_env=MINE spare")
    assert list(done.records) == ["home.esddns.dev/A"]
    for name in ("nas", "spare"):
        assert f"{name}: not carried over, as it has another token or API" in done.err
    assert "give it to esddns as GANDI_API_KEY" in done.err


@pytest.mark.parametrize("key", ["use", "usev4", "usev6"])
def test_a_given_address(run: Run, key: str) -> None:
    """A record of a fixed address does not become one that follows the WAN."""
    done = run(f"protocol=gandi {key}=ip ip=192.0.2.1 home.esddns.dev")
    assert (done.code, done.out) == (2, "")
    assert f"{key}: not carried over: found ip, an address that is given" in done.err


def test_ip_alone(run: Run) -> None:
    """`ip=` without `use=` is a fixed address, too."""
    assert run("protocol=gandi ip=192.0.2.1 home.esddns.dev").code == 2


def test_servers(run: Run) -> None:
    """Gandi's sandbox is carried over; a server that is not Gandi's is not."""
    sandbox = run(f"{GANDI} server=api.sandbox.gandi.net home")
    assert sandbox.settings.gandi.url == "https://api.sandbox.gandi.net/v5/livedns"
    for server in ("members.dyndns.org", "api.gandi.net.attacker.dev", "a@api.gandi.net", "?"):
        done = run(f"{GANDI} server={server} home")
        assert done.settings.gandi.url == "https://api.gandi.net/v5/livedns"
        assert "server: not carried over" in done.err


def test_aaaa_in_a_cluster(run: Run) -> None:
    """AAAA comes with the word on clusters."""
    done = run(f"{GANDI} usev6=webv6 home")
    assert [str(family) for family in done.settings.detection.families] == ["ipv4", "ipv6"]
    assert "until [detection] has ipv6-suffix" in done.err


def test_a_variable(run: Run) -> None:
    """Options that name a variable are not looked up."""
    done = run(f"{GANDI} ttl_env=TTL zone_env=ZONE home.esddns.dev")
    assert done.settings.records[0].zone is None
    assert "ttl_env: names a variable" in done.err
    assert "zone_env: names a variable" in done.err


@pytest.mark.parametrize(
    "text",
    [
        "password=SECRET",
        "password = SECRET",
        "password='SECRET'",
        'password="SECRET"',
        "password='SECRET",
        "password=SECRET,",
        "password=SECRET\\",
        "fw-password=SECRET",
        "pasword=SECRET",
        "SECRET=1",
        "protocol=SECRET",
        "zone=SECRET",
        "ttl=SECRET",
        "use=SECRET",
        "server=SECRET",
        "daemon=SECRET",
        "SECRET",
        "host=SECRET",
        "SECRET.esddns.dev",
        "nas SECRET",
        "nas me SECRET",
        "nas me too SECRET",
    ],
)
@pytest.mark.parametrize("secret", ["0123456789abcdef01234567", "pa%ss#wo'rd\\12" + 3 * "3"])
def test_secrets(run: Run, text: str, secret: str) -> None:
    """Wherever a token was put, it comes out nowhere."""
    done = run(f"{GANDI}\n{text.replace('SECRET', secret)}\nhome.esddns.dev\n")
    for part in (secret, secret.lower(), "0123456789", "ss#w", "wo'rd", "1233"):
        assert part not in done.out + done.err


@pytest.mark.parametrize(
    "option",
    [
        "web=x",
        "mail=a@b",
        "pid=/x",
        "syslog=yes",
        "proxy=x",
        "postscript=x",
        "mx=a.b",
        "min-interval=5",
        "ssl=no",
        "ssl_ca_file=x",
        "what=x",
        "fw=x",
        "login=x",
    ],
)
def test_options(run: Run, option: str) -> None:
    """What has no place in dns.ini is named with its line."""
    done = run(f"{GANDI}\n{option}\nhome")
    assert f"FILE:2: {option.partition('=')[0]}: not carried over" in done.err


@pytest.mark.parametrize(
    "text", ["a.b\n" * 1001, "".join(f"a{n}=1\n" for n in range(1002)) + "b.c"]
)
def test_too_much(run: Run, text: str) -> None:
    """What no site could mean is refused before it takes time."""
    done = run(text, "--from", "ddclient")
    assert done.code == 2
    assert "found more than 1000 hosts or options up to here" in done.err


def test_long_names(run: Run) -> None:
    """A name that is long is shown in notes; one that has the form of a token is not, and makes no record."""
    name = "my-long-home-server-name.of-some-department.esddns.dev"
    done = run(f"{GANDI}\nttl=60 {name},0123456789abcdef01234567.esddns.dev")
    assert f"FILE:2: {name}: found a TTL of 60 s" in done.err
    assert list(done.records) == [f"{name}/A"]
