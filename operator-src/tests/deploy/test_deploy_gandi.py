"""deploy.sh and Gandi: the token and the domain are proved before anything is changed."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from deploy.deploy_site import PINNED, TOKEN, ZONES, DeploySite
from esddns_simulator import ApiFault
from sources.asking import closed_port


@pytest.fixture(autouse=True)
def _nothing_is_changed(site: DeploySite) -> Iterator[None]:
    """Whatever is refused here, the cluster stays empty."""
    yield
    assert not site.cluster().objects


@pytest.mark.parametrize("token", [None, ""])
async def test_missing_token(site: DeploySite, token: str | None) -> None:
    """Without a token it says how to get one and how to hand it over."""
    done = await site.deploy("production", "--image", PINNED, GANDI_API_KEY=token)
    assert done.code == 2
    assert "GANDI_API_KEY is not set" in done.err
    assert "Make a personal access token at Gandi" in done.err
    assert "read -rs GANDI_API_KEY && export GANDI_API_KEY" in done.err
    assert not site.sim.calls(kind="api")


@pytest.mark.parametrize("around", ["{}\n", " {}", '"{}"', "{}\\", "Bearer {}", "{}\nurl = x"])
async def test_token_with_something_around_it(site: DeploySite, around: str) -> None:
    """What no token has in it is refused and not shown: in curl's configuration it would mean something."""
    done = await site.deploy("production", "--image", PINNED, GANDI_API_KEY=around.format(TOKEN))
    assert done.code == 2
    assert "what no token has" in done.err
    assert not site.sim.calls(kind="api")


async def test_refused_token(site: DeploySite) -> None:
    """401 says what to do about the token."""
    site.sim.world.credentials.replace(["another-token-0123456789"])
    done = await site.deploy("production", "--image", PINNED)
    assert done.code == 4
    assert "Gandi refuses the token (401)" in done.err
    assert "Make a personal access token at Gandi" in done.err


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (ApiFault("forbidden"), 4, "lets it see no domains (403)"),
        (ApiFault("rate-limit"), 5, "cannot answer now (429)"),
        (ApiFault("server-error", status=503), 5, "cannot answer now (503)"),
        (ApiFault("reset"), 5, "does not answer at http://127.0.0.1"),
        (ApiFault("silence"), 5, "does not answer at http://127.0.0.1"),
        (ApiFault("truncate"), 5, "something else than Gandi's API answers"),
    ],
)
async def test_failures(site: DeploySite, fault: ApiFault, code: int, said: str) -> None:
    """Each way in which Gandi can fail has its words and its exit code."""
    site.sim.world.faults.add(fault)
    done = await site.deploy("production", "--image", PINNED, GANDI_TIMEOUT="1")
    assert (done.code, done.out) == (code, "")
    assert said in done.err


async def test_nobody_there(site: DeploySite) -> None:
    """An address where nobody listens is said so, in curl's words."""
    url = f"http://127.0.0.1:{closed_port(socket.SOCK_STREAM)}/v5/livedns"
    done = await site.deploy("production", "--image", PINNED, GANDI_URL=url)
    assert done.code == 5
    assert f"Gandi does not answer at {url}: curl: (7)" in done.err
    assert "proxy, DNS, firewall" in done.err


async def test_another_server(site: DeploySite) -> None:
    """A page where the API should be is not taken for the API."""
    done = await site.deploy(
        "production", "--image", PINNED, GANDI_URL=f"{site.sim.api_url}/nothing"
    )
    assert done.code == 5
    assert "something else than Gandi's API" in done.err


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://api.gandi.net/v5/livedns", "in clear"),
        ("http://api.sandbox.gandi.net./v5", "in clear"),
        ("http://user@gandi.net:80", "in clear"),
        ("api.gandi.net", "https:// is expected"),
        ("file:///etc/passwd", "https:// is expected"),
    ],
)
async def test_url(site: DeploySite, url: str, said: str) -> None:
    """The token never goes to Gandi in clear, nor anywhere by another protocol."""
    done = await site.deploy("production", "--image", PINNED, GANDI_URL=url)
    assert done.code == 2
    assert said in done.err
    assert not (site.folder / "curl.log").exists()


@pytest.mark.parametrize("domain", [None, ""])
async def test_missing_domain(site: DeploySite, domain: str | None) -> None:
    """Without TARGET_DOMAIN the zones are listed, and the command to type is told."""
    done = await site.deploy("production", "--image", PINNED, TARGET_DOMAIN=domain)
    assert done.code == 2
    for zone in ZONES:
        assert f"\n    {zone}\n" in done.err
    assert "TARGET_DOMAIN=home.other.net ./deploy.sh production" in done.err


async def test_account_without_zones(site: DeploySite) -> None:
    """A good token that sees no domain is another thing than a bad one."""
    site.sim.world.zones.clear()
    done = await site.deploy("production", "--image", PINNED)
    assert done.code == 4
    assert "sees no domain" in done.err


@pytest.mark.parametrize(
    "domain", ["homesites.dev", "sites.dev.org", "notexample.com", "home.latest"]
)
async def test_domain_in_no_zone(site: DeploySite, domain: str) -> None:
    """A name in none of the account's zones is refused, with the zones; an ending of letters is not one."""
    done = await site.deploy("production", "--image", PINNED, TARGET_DOMAIN=domain)
    assert done.code == 2
    assert f"TARGET_DOMAIN is {domain}, which is in none of the zones" in done.err
    assert "\n    other.net\n    sites.dev\n" in done.err


@pytest.mark.parametrize(
    "domain", ["dev", "x y.sites.dev", "a'b.sites.dev", "-a.sites.dev", "a..sites.dev", "a.*.dev"]
)
async def test_no_domain_at_all(site: DeploySite, domain: str) -> None:
    """What is no DNS name is refused before it gets into a manifest."""
    done = await site.deploy("production", "--image", PINNED, TARGET_DOMAIN=domain)
    assert done.code == 2
    assert "a name like home.your-domain.net is expected" in done.err


@pytest.mark.parametrize(
    "domain", ["example.com", "home.Example.COM", "home.example.org", "nas.local", "a.test"]
)
async def test_reserved_domain(site: DeploySite, domain: str) -> None:
    """example.com and what else is nobody's is refused."""
    done = await site.deploy("production", "--image", PINNED, TARGET_DOMAIN=domain)
    assert done.code == 2
    assert "a reserved domain" in done.err


async def test_reserved_record(site: DeploySite) -> None:
    """A DNSRecord of one's own beside one that is an example still: the example is to be corrected first."""
    site.record()
    folder = site.repository / "clusters/production/records"
    (folder / "other.yaml").write_text(
        (folder / "home.yaml").read_text().replace("sites.dev", "example.com")
    )
    (folder / "kustomization.yaml").write_text("resources: [home.yaml, other.yaml]\n")
    (folder / "other.yaml").write_text(
        (folder / "other.yaml").read_text().replace("name: home", "name: b")
    )
    done = await site.deploy("production", "--image", PINNED)
    assert done.code == 2
    assert "names reserved domains, which nobody can hold: home.example.com" in done.err
