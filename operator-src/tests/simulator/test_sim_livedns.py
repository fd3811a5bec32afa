"""What is known of Gandi LiveDNS beyond the recorded interactions, on the model itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from esddns_simulator import LiveDNS, Response, RRset, World

ZONE = "/v5/livedns/domains/example.com"
HOME = f"{ZONE}/records/home/A"


class Client:
    """Calls the model as a client with a token does."""

    def __init__(self, world: World, **options: Any) -> None:
        self.world = world
        self.api = LiveDNS(world, **options)
        self.headers = {"Authorization": "Bearer t"}

    def __call__(
        self, method: str, path: str, body: object = None, query: dict[str, str] | None = None
    ) -> Response:
        data = b"" if body is None else json.dumps(body).encode()
        return self.api.handle(method, path, query, self.headers, data)


@pytest.fixture
def call() -> Client:
    """A client of a model with two zones."""
    zones = {"example.com": {"home/A": RRset(("192.0.2.1",), 300)}, "example.org": {}}
    return Client(World(zones, token="t", apikey="k", clock=lambda: 0.0))


def _error(response: Response) -> dict[str, str]:
    assert response.status == 400
    body: Any = response.json()
    assert body["status"] == "error"
    first: dict[str, str] = body["errors"][0]
    return first


def test_the_two_404s_differ(call: Client) -> None:
    """A zone of somebody else and a record that is absent are told apart by `object`, as recorded."""
    assert call("GET", "/v5/livedns/domains/other.net/records/a/A").body == (
        b'{"code": 404, "message": "The resource could not be found.", "object": "HTTPNotFound", '
        b'"cause": "Not Found"}'
    )
    assert call("GET", f"{ZONE}/records/%40/AAAA").body == (
        b'{"code": 404, "message": "Can\'t find the DNS record @/AAAA in the zone", '
        b'"object": "dns-record", "cause": "Not Found"}'
    )


def test_put_replaces_the_whole_rrset(call: Client) -> None:
    """A PUT leaves nothing of the values before, and answers 201 also for what exists."""
    wanted = {"rrset_values": ["192.0.2.2", "192.0.2.3"], "rrset_ttl": 600}
    response = call("PUT", HOME, wanted)
    assert response.status == 201
    assert response.headers["Location"] == f"https://api.gandi.net{HOME}"
    assert call.world.record("example.com", "home", "A") == RRset(("192.0.2.2", "192.0.2.3"), 600)


def test_post_of_an_existing_rrset_conflicts(call: Client) -> None:
    """POST creates only: 409 where the RRset exists, which stays as it was."""
    assert call("POST", HOME, {"rrset_values": ["192.0.2.9"]}).status == 409
    assert call.world.record("example.com", "home", "A") == RRset(("192.0.2.1",), 300)


def test_omitted_ttl_is_10800(call: Client) -> None:
    """A PUT without rrset_ttl sets 10800 s, whatever the TTL was."""
    call("PUT", HOME, {"rrset_values": ["192.0.2.1"]})
    assert call.world.record("example.com", "home", "A") == RRset(("192.0.2.1",), 10800)


@pytest.mark.parametrize("ttl", [300, 2592000])
def test_ttl_limits_are_inclusive(call: Client, ttl: int) -> None:
    """300 s and 2592000 s are both taken."""
    assert call("PUT", HOME, {"rrset_values": ["192.0.2.1"], "rrset_ttl": ttl}).status == 201


@pytest.mark.parametrize(
    ("body", "name", "description"),
    [
        (
            {"rrset_values": ["192.0.2.1"], "rrset_ttl": 60},
            "rrset_ttl",
            "60 is less than minimum value 300",
        ),
        (
            {"rrset_values": ["192.0.2.1"], "rrset_ttl": 2592001},
            "rrset_ttl",
            "2592001 is greater than maximum value 2592000",
        ),
        ({"rrset_values": ["192.0.2.1"], "rrset_ttl": "600"}, "rrset_ttl", '"600" is not a number'),
        ({"rrset_values": ["192.0.2.1"], "rrset_ttl": True}, "rrset_ttl", "true is not a number"),
        ({"rrset_values": ["192.0.2.1"], "rrset_ttl": None}, "rrset_ttl", "null is not a number"),
        ({"rrset_ttl": 600}, "rrset_values", "Required"),
        ({"rrset_values": []}, "rrset_values", "Shorter than minimum length 1"),
        ({"rrset_values": "192.0.2.1"}, "rrset_values", '"192.0.2.1" is not iterable'),
        ({"rrset_values": [7]}, "rrset_values.0", "7 is not a string"),
        ({"rrset_values": ["2001:db8::1"]}, "rrset_values", '"2001:db8::1" is not a valid A value'),
        ({"rrset_values": ["<html>"]}, "rrset_values", '"<html>" is not a valid A value'),
        (["192.0.2.1"], "", "Invalid JSON: Should be a JSON object"),
    ],
)
def test_wrong_bodies_are_listed(call: Client, body: object, name: str, description: str) -> None:
    """Whatever is wrong in a body is a 400 with the list of errors, and changes nothing."""
    assert _error(call("PUT", HOME, body)) == {
        "location": "body",
        "name": name,
        "description": description,
    }
    assert call.world.record("example.com", "home", "A") == RRset(("192.0.2.1",), 300)


def test_no_json_at_all_is_listed(call: Client) -> None:
    """A body that is no JSON is a 400 with the list of errors."""
    assert _error(call.api.handle("PUT", HOME, {}, call.headers, b"{"))["location"] == "body"


@pytest.mark.parametrize(
    "path", ["home/NOSUCH", "-bad/A", "a..b/A", "a b/A", "@/CNAME", "home/CNAME"]
)
def test_records_that_cannot_be_are_refused(call: Client, path: str) -> None:
    """An unknown type, a bad name and a CNAME next to other data or at the apex are a 400."""
    _error(call("PUT", f"{ZONE}/records/{path}", {"rrset_values": ["x.example.net."]}))


def test_nothing_goes_beside_a_cname(call: Client) -> None:
    """A CNAME keeps other types from its name, and has one value only."""
    alias = f"{ZONE}/records/alias/CNAME"
    _error(call("PUT", alias, {"rrset_values": ["a", "b"]}))
    assert call("PUT", alias, {"rrset_values": ["home"]}).status == 201
    assert call("PUT", alias, {"rrset_values": ["other"]}).status == 201
    _error(call("PUT", f"{ZONE}/records/alias/A", {"rrset_values": ["192.0.2.1"]}))


def test_delete_has_no_body(call: Client) -> None:
    """DELETE answers 204 with nothing in it; what is gone is the dns-record 404."""
    assert call("DELETE", HOME) == Response(204)
    assert call("DELETE", HOME).json() == call("GET", HOME).json()
    assert call("DELETE", f"{ZONE}/records/home").status == 404


def test_delete_by_name_takes_every_type(call: Client) -> None:
    """DELETE of a name drops all of its RRsets and no others."""
    call.world.set_record("example.com", "home", "AAAA", "2001:db8::1")
    call.world.set_record("example.com", "other", "A", "192.0.2.3")
    assert call("DELETE", f"{ZONE}/records/home").status == 204
    assert list(call.world.zones["example.com"].rrsets) == [("other", "A")]


def test_patch_adds_and_removes_values(call: Client) -> None:
    """PATCH changes what it names, keeps the rest and answers the RRset."""
    body = {"add_rrset_values": ["192.0.2.5", "192.0.2.1"], "rrset_ttl": 900}
    response = call("PATCH", HOME, body)
    assert response.status == 200
    assert response.json() == call("GET", HOME).json()
    call("PATCH", HOME, {"remove_rrset_values": ["192.0.2.1"]})
    assert call.world.record("example.com", "home", "A") == RRset(("192.0.2.5",), 900)
    _error(call("PATCH", HOME, {"remove_rrset_values": ["192.0.2.5"]}))
    assert call("PATCH", f"{ZONE}/records/none/A", {}).status == 404


def test_txt_values_come_back_quoted(call: Client) -> None:
    """TXT is kept as zone files write it: quoted once, long ones in strings of 255 octets."""
    path = f"{ZONE}/records/t/TXT"
    call("PUT", path, {"rrset_values": ["plain text", '"already"', 'a "b" \\', "x" * 300]})
    kept = call.world.record("example.com", "t", "TXT")
    assert kept is not None
    long = '"' + "x" * 255 + '" "' + "x" * 45 + '"'
    assert kept.values == ('"plain text"', '"already"', '"a \\"b\\" \\\\"', long)


def test_the_apex_and_the_wildcard(call: Client) -> None:
    """`@` and `%40` are the same name, hrefs say %40, and `*` is a name like others."""
    for name in ("@", "%40"):
        assert (
            call("PUT", f"{ZONE}/records/{name}/A", {"rrset_values": ["192.0.2.4"]}).status == 201
        )
    assert call("PUT", f"{ZONE}/records/*/A", {"rrset_values": ["192.0.2.4"]}).status == 201
    apex: Any = call("GET", f"{ZONE}/records/%40/A").json()
    assert apex["rrset_name"] == "@"
    assert apex["rrset_href"] == f"https://api.gandi.net{ZONE}/records/%40/A"
    assert ("*", "A") in call.world.zones["example.com"].rrsets


def test_a_name_lists_its_rrsets(call: Client) -> None:
    """GET of a name is the array of its RRsets; one without records is 404 or [], by the switch."""
    listed: Any = call("GET", f"{ZONE}/records/home").json()
    assert [r["rrset_type"] for r in listed] == ["A"]
    missing = call("GET", f"{ZONE}/records/none")
    assert (missing.status, missing.json()["object"]) == (404, "dns-record")  # type: ignore[index]
    lenient = Client(call.world, empty_name_is_404=False)("GET", f"{ZONE}/records/none")
    assert (lenient.status, lenient.json()) == (200, [])


def test_records_come_in_pages(call: Client) -> None:
    """per_page and page cut the list, total-count says how many there are, a page too far is empty."""
    for n in range(6):
        call.world.set_record("example.com", f"n{n}", "TXT", "x")
    path = f"{ZONE}/records"

    def names(query: dict[str, str]) -> list[str]:
        response = call("GET", path, query=query)
        assert response.headers["total-count"] == ("1" if "rrset_type" in query else "7")
        listed: Any = response.json()
        return [r["rrset_name"] for r in listed]

    assert names({}) == names({"per_page": "500"}) == ["home", "n0", "n1", "n2", "n3", "n4", "n5"]
    assert names({"per_page": "3", "page": "2"}) == ["n2", "n3", "n4"]
    assert names({"per_page": "3", "page": "9"}) == []
    assert names({"rrset_type": "A"}) == ["home"]
    assert _error(call("GET", path, query={"page": "0"}))["location"] == "querystring"


def test_the_account_lists_its_zones(call: Client) -> None:
    """GET /domains names every zone of the account, and nameservers those of a zone."""
    listed: Any = call("GET", "/v5/livedns/domains").json()
    assert [zone["fqdn"] for zone in listed] == ["example.com", "example.org"]
    assert listed[0]["domain_href"] == f"https://api.gandi.net{ZONE}"
    assert call("GET", f"{ZONE}/nameservers").json() == list(call.world.nameservers)
    call.world.set_record("example.com", "@", "NS", "ns1.example.net.")
    assert call("GET", f"{ZONE}/nameservers").json() == ["ns1.example.net"]


def test_weak_etags_follow_the_content(call: Client) -> None:
    """200 and 201 carry a weak ETag, equal for equal content and other for other."""
    first = call("GET", HOME).headers["ETag"]
    assert first.startswith('W/"')
    assert call("GET", HOME).headers["ETag"] == first
    assert call("PUT", HOME, {"rrset_values": ["192.0.2.8"]}).headers["ETag"].startswith('W/"')
    assert call("GET", HOME).headers["ETag"] != first


def test_refusals_for_lack_of_credentials(call: Client) -> None:
    """Without a header 401 has no code; a wrong token is HTTPUnauthorized; schemes are not mixed."""
    bare: Any = call.api.handle("GET", HOME)
    assert bare.status == 401
    assert list(bare.json()) == ["message"]
    for header in ("Bearer wrong", "Bearer k", "Apikey t", "Basic t", "Bearer", ""):
        refused: Any = call.api.handle("GET", HOME, headers={"authorization": header})
        assert (refused.status, refused.json()["object"]) == (401, "HTTPUnauthorized")
    assert call.api.handle("GET", HOME, headers={"Authorization": "Apikey k"}).status == 200


def test_tokens_change_at_run_time(call: Client) -> None:
    """A revoked token is 401 at once, a new one works at once, and one can be limited to some zones."""
    call.world.credentials.revoke("t")
    assert call("GET", HOME).status == 401
    call.world.credentials.grant("t", zones=["example.org"])
    refused = call("GET", HOME)
    assert refused.status == 403
    assert refused.body == (
        b'{"object":"HTTPForbidden","cause":"Forbidden","code":403,'
        b'"message":"Access was denied to this resource."}'
    )
    assert call("GET", "/v5/livedns/domains/example.org").status == 200
    listed: Any = call("GET", "/v5/livedns/domains").json()
    assert [zone["fqdn"] for zone in listed] == ["example.org"]
    call.world.credentials.replace(["t"])
    assert call("GET", HOME).status == 200


@pytest.mark.parametrize(
    "path", ["/v5/livedns/nothing", "/v5/domain", "/", f"{ZONE}/records/a/A/more", "/v5/livedns"]
)
def test_an_unknown_path_is_an_html_404(call: Client, path: str) -> None:
    """A path that the API does not have is answered with a page, not with JSON."""
    response = call("GET", path)
    assert response.status == 404
    assert response.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v5/livedns/domains"),
        ("POST", ZONE),
        ("PUT", f"{ZONE}/records/home"),
        ("HEAD", HOME),
    ],
)
def test_other_methods_are_405(call: Client, method: str, path: str) -> None:
    """A method that a resource does not have is a 405."""
    assert call(method, path).status == 405


def test_the_rate_limit_is_by_the_minute() -> None:
    """The calls beyond the limit are 429 with Retry-After until the first is a minute old."""
    now = [0.0]
    world = World({"example.com": {}}, token="t", clock=lambda: now[0])
    call = Client(world, rate_limit=2)
    assert [call("GET", ZONE).status for _ in range(3)] == [200, 200, 429]
    now[0] = 50.0
    assert call("GET", ZONE).headers["Retry-After"] == "11"
    now[0] = 60.0
    assert call("GET", ZONE).status == 200


def test_calls_are_logged(call: Client) -> None:
    """Every call is counted with method, decoded path, zone and status; a second writer's are not."""
    call("GET", f"{ZONE}/records/%40/A")
    call("PUT", HOME, {"rrset_values": ["192.0.2.2"]})
    call.world.set_record("example.com", "x", "A", "192.0.2.3")
    log = call.world.calls
    assert log.total == 2
    (put,) = log.find(
        kind="api", method="PUT", path="*/records/home/A", status=201, target="example.com"
    )
    assert put.time == 0.0
    (get,) = log.find(status=404)
    assert get.path == f"{ZONE}/records/@/A"


def test_the_log_is_bounded() -> None:
    """The oldest calls go when there are too many; the total goes on."""
    call = Client(World({"example.com": {}}, token="t", call_limit=3))
    for n in range(5):
        call("GET", f"{ZONE}/records/n{n}/A")
    assert [c.path[-4:] for c in call.world.calls.find()] == ["n2/A", "n3/A", "n4/A"]
    assert call.world.calls.total == 5
