"""Writes the pictures of the page that the documentation shows: `python tests/web/screenshots.py`.

The service is real, what it knows is canned, and its clock stands still: equal code gives equal pictures.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, async_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from esddns.core.site import SiteState
from esddns.shell.web.service import ServiceOptions, StatusService
from esddns.shell.web.snapshot import take
from web.canned import NOW, conflict, healthy, site_of, stale, undecided

IMAGES = Path(__file__).resolve().parents[3] / "docs" / "images"
CHROMIUM = Path("/usr/bin/chromium")
WIDE, PHONE = {"width": 1100, "height": 800}, {"width": 360, "height": 1400}

SITES = {
    "healthy": site_of(healthy()),
    "stale": site_of(stale(), minutes=47),
    "undecided": site_of(undecided()),
    "conflict": site_of(conflict()),
}


@asynccontextmanager
async def showing(site: SiteState) -> AsyncIterator[tuple[StatusService, str]]:
    """Serve what is known of a site, and nothing else; gives where."""
    service = StatusService(ServiceOptions([], ("127.0.0.1", 0)), lambda: NOW)
    service.agents.snapshot = take(site, NOW)
    (host, port), _ = await service.start()
    try:
        yield service, f"http://{host}:{port}/"
    finally:
        await service.stop()


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        )
        try:
            yield browser
        finally:
            await browser.close()


async def picture(
    browser: Browser, name: str, site: SiteState, *, dark: bool = False, phone: bool = False
) -> None:
    """Write one picture of the whole page."""
    async with showing(site) as (_, url):
        page = await browser.new_page(
            viewport=PHONE if phone else WIDE,  # type: ignore[arg-type]
            color_scheme="dark" if dark else "light",
            device_scale_factor=1.5 if phone else 1,
        )
        await page.goto(url)
        file = IMAGES / f"status-{name}.png"
        taken = await page.screenshot(full_page=not phone)
        await page.close()
        # A page has few colours: a palette makes the file a third of its size.
        with Image.open(io.BytesIO(taken)) as image:
            image.convert("RGB").quantize(256, kmeans=3, dither=Image.Dither.NONE).save(
                file, optimize=True
            )
        print(f"{file.name}: {file.stat().st_size // 1024} KiB")  # noqa: T201  # a command's output


async def main() -> None:
    """Write all of them."""
    IMAGES.mkdir(exist_ok=True)
    async with chromium() as browser:
        for name, site in SITES.items():
            await picture(browser, name, site)
        await picture(browser, "phone", SITES["healthy"], phone=True, dark=True)


if __name__ == "__main__":
    asyncio.run(main())
