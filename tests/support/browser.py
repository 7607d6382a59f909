"""Chromium on this machine, and the pages of MLflow that it opens."""

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from tests.support.mlflow_server import running_pages

BROWSER = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), "")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip
SIZE: Any = {"width": 1200, "height": 760}
PATIENCE = 90_000  # ms; two cores may be busy
PRINTED = "http://127.0.0.1:5000"  # where links lead that are printed for a database: to where `mlflow ui` usually is


def _mlflow() -> tuple[int, ...]:
    try:
        return tuple(map(int, version("mlflow").split(".")[:2]))
    except PackageNotFoundError:
        return (0, 0)


with_pages = [
    pytest.mark.skipif(not BROWSER, reason="there is no Chromium to look at MLflow's pages with"),
    pytest.mark.skipif(not importlib.util.find_spec("playwright"), reason="playwright is not installed"),
    pytest.mark.skipif(_mlflow() < (3, 12), reason="these pages are of MLflow 3.12 and later"),
]


@dataclass(frozen=True, slots=True)
class Pages:
    """MLflow's pages at an address, and a page of a browser."""

    page: Any
    address: str

    def open(self, link: str) -> Any:
        """Open a link, which may lead to where `mlflow ui` usually is."""
        self.page.goto("about:blank")  # or only the fragment would change, and the old page stay
        self.page.goto(link.replace(PRINTED, self.address))
        return self.page


@contextmanager
def mlflow_pages(folder: Path) -> Iterator[Pages]:
    """Run `mlflow ui` in a folder, and a browser before it."""
    from playwright.sync_api import sync_playwright

    with running_pages(folder, "ui") as address, sync_playwright() as started:
        browser = started.chromium.launch_persistent_context(
            folder / "profile", executable_path=BROWSER, headless=True, args=FLAGS, viewport=SIZE
        )
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        yield Pages(page, address)
        browser.close()


def keep_picture(page: Any, name: str) -> None:
    """Take a picture for the documentation, where that is asked for."""
    if folder := os.environ.get("SCREENSHOTS"):
        close = page.get_by_role("button", name="Close", exact=True)  # of the assistant beside the page
        if close.count():
            close.first.click()
        page.wait_for_timeout(3000)
        page.screenshot(path=Path(folder) / f"{name}.png", animations="disabled")
