"""The page in a real browser: Debian's Chromium, without a window."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from web.canned import healthy
from web.screenshots import CHROMIUM, SITES, chromium, showing
from web.web_site import FakeAgent, Site, agents_of, serving

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed")

PHONE = {"width": 360, "height": 780}
# Ratio of contrast that WCAG 2.2 asks for (AA, text of usual size), of each text on what is behind it.
CONTRAST = """() => {
  const channel = c => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = text => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = c => .2126 * channel(c[0]) + .7152 * channel(c[1]) + .0722 * channel(c[2]);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const c = rgba(getComputedStyle(e).backgroundColor);
      if (c[3] === 255) return c;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const e of document.querySelectorAll('body *')) {
    const text = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!text || e.closest('svg') || !e.checkVisibility()) continue;
    const [a, b] = [light(rgba(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) bad.push(`${ratio.toFixed(2)} ${e.tagName}.${e.className} ${e.textContent.trim()}`);
  }
  return bad;
}"""


@dataclass(slots=True)
class Look:
    """A page that is looked at. `complaints`: what the browser said of it."""

    page: Page
    complaints: list[str] = field(default_factory=list)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser of one's own."""
    async with chromium() as started:
        yield started


async def look(browser: Browser, url: str, **context: Any) -> Look:
    """Open the page; whatever the browser complains of is noted."""
    page = await browser.new_page(**context)
    seen = Look(page)
    page.on("console", lambda said: seen.complaints.append(f"{said.type}: {said.text}"))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("requestfailed", lambda request: seen.complaints.append(f"failed: {request.url}"))
    page.on("response", lambda r: seen.complaints.append(r.url) if r.status >= 400 else None)
    await page.goto(url)
    return seen


@pytest.mark.parametrize("name", SITES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_light_and_dark(browser: Browser, name: str, scheme: Any) -> None:
    """In either scheme every text is legible on what is behind it, and the browser complains of nothing."""
    async with showing(SITES[name]) as (_, url):
        seen = await look(browser, url, color_scheme=scheme)
        assert await seen.page.evaluate(CONTRAST) == []
        ground = await seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (int(ground.split("(")[1].split(",")[0]) < 128) == (scheme == "dark")
        assert seen.complaints == []


@pytest.mark.parametrize("name", SITES)
async def test_on_a_phone(browser: Browser, name: str) -> None:
    """At 360 pixels nothing reaches over the side, whatever is shown, and tables are cards with headings."""
    async with showing(SITES[name]) as (_, url):
        seen = await look(browser, url, viewport=PHONE, has_touch=True, is_mobile=True)
        wide = await seen.page.evaluate(
            "[...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && !e.closest('thead')"
            " && e.getBoundingClientRect().right > innerWidth + .5).map(e => e.outerHTML.slice(0, 80))"
        )
        assert wide == []
        scroll = await seen.page.evaluate("document.documentElement.scrollWidth")
        assert scroll == PHONE["width"]
        label = "getComputedStyle(document.querySelector('td[data-label]'), '::before').content"
        assert await seen.page.evaluate(label) == '"Status"'
        assert seen.complaints == []


async def test_long_words_on_a_phone(browser: Browser) -> None:
    """Names, addresses and messages of any length break, and do not push the page over the side."""
    state = healthy()
    long = "x" * 250
    state["records"][0] |= {"fqdn": long, "message": long, "reason": "Conflict", "in_sync": False}
    state["addresses"]["ipv6"]["address"] = "2001:db8:1111:2222:3333:4444:5555:6666"
    state["errors"] = [{"at": state["time"], "subject": long, "error": long}]
    state["detection"]["ipv4"]["agreed"] = [{"source": long, "operator": long}]
    async with agents_of(state) as (agent,), serving(agent) as site:
        seen = await look(browser, f"http://127.0.0.1:{site.port}/", viewport=PHONE)
        assert await seen.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


async def test_without_javascript(browser: Browser) -> None:
    """Without JavaScript everything is on the page, and it reloads itself."""
    async with showing(SITES["healthy"]) as (_, url):
        seen = await look(browser, url, java_script_enabled=False)
        page = seen.page
        await expect(page.get_by_role("heading", level=1)).to_have_text("In sync")
        for words in (
            "203.0.113.9",
            "cloudflare-trace (Cloudflare)",
            "*.apps.example.com",
            "Leader",
            "Standby",
        ):
            await expect(page.get_by_text(words).first).to_be_visible()
        await expect(
            page.get_by_role("img", name="Which address this site had, and when")
        ).to_be_visible()
        refresh = page.locator("noscript meta[http-equiv=refresh]")
        assert await refresh.count() or "http-equiv" in await page.content()
        assert seen.complaints == []


async def test_it_refreshes_itself(browser: Browser, site: Site, agent: FakeAgent) -> None:
    """Another address appears by itself, without a reload; what the reader opened stays open."""
    seen = await look(browser, f"http://127.0.0.1:{site.port}/")
    page = seen.page
    await page.evaluate("window.mark = 'the same page'")
    await page.get_by_text("6 changes").click()
    await expect(page.locator("details")).to_have_attribute("open", "")
    state = healthy()
    state["addresses"]["ipv4"]["address"] = "203.0.113.77"
    state["records"][1] |= {"reason": "Conflict", "in_sync": False}
    agent.say(state)
    await expect(page.locator(".address").first).to_have_text("203.0.113.77", timeout=15_000)
    await expect(page.get_by_role("heading", level=1)).to_contain_text(
        "Conflict: home.example.com A"
    )
    await expect(page.locator("details")).to_have_attribute("open", "")
    assert await page.evaluate("window.mark") == "the same page"
    await expect(page.get_by_role("status").first).to_have_text(re.compile("Conflict"))
    assert seen.complaints == []


async def test_it_says_that_it_could_not(browser: Browser, site: Site) -> None:
    """When the service does not answer the page says so, keeps what it has, and goes on when it can."""
    seen = await look(browser, f"http://127.0.0.1:{site.port}/")
    page = seen.page
    await page.route("**/fragment", lambda route: route.abort())
    await expect(page.locator("#offline")).to_be_visible(timeout=15_000)
    await expect(page.get_by_role("heading", level=1)).to_have_text("In sync")
    await page.unroute("**/fragment")
    await expect(page.locator("#offline")).to_be_hidden(timeout=15_000)


async def test_it_rests_while_nobody_looks(browser: Browser, site: Site) -> None:
    """A page that is hidden asks for nothing; when it is seen again it asks at once."""
    seen = await look(browser, f"http://127.0.0.1:{site.port}/")
    page, asked = seen.page, 0
    again = asyncio.Event()

    def note(request: Any) -> None:
        nonlocal asked
        if request.url.endswith("/fragment"):
            asked += 1
            again.set()

    page.on("request", note)
    hide = (
        "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange')); }"
    )
    await page.evaluate(hide, True)
    timers = await page.evaluate("timer => timer", 0)
    assert timers == 0
    await page.wait_for_timeout(6_000)
    assert asked == 0
    await page.evaluate(hide, False)
    async with asyncio.timeout(3):
        await again.wait()


async def test_the_policy_holds(browser: Browser, site: Site) -> None:
    """Were a script to get into the page, the browser would not run it: the policy allows none of its own."""
    seen = await look(browser, f"http://127.0.0.1:{site.port}/")
    await seen.page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.hit = 1';"
        " document.body.append(s);"
        " const d = document.createElement('p'); d.setAttribute('style', 'color: red');"
        " document.body.append(d)"
    )
    assert await seen.page.evaluate("window.hit") is None
    assert sum("Content Security Policy" in said for said in seen.complaints) >= 2
