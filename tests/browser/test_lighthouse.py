"""The pages that people open most are fast and good in Lighthouse's eyes too, on a phone; run by `make lighthouse`."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import ARTEFACTS, ROOT, Served
from tests.browser.rooms import ROOMS, Room

Visit = Callable[..., Page]

LIGHTHOUSE = ROOT / "tests" / "lighthouse" / "node_modules" / "lighthouse" / "cli" / "index.js"
AT_LEAST = {"performance": 95, "best-practices": 95, "accessibility": 100}
_KEY = ("home", "home-member", "home-coordinator", "ideas", "idea-own-supported", "post")
_KEY += ("municipality", "call", "project", "search-hits", "clusters")
KEY = [room for room in ROOMS if room.name in _KEY]


@pytest.mark.lighthouse
@pytest.mark.parametrize("room", KEY, ids=lambda room: room.name)
def test_a_key_page_is_fast_and_good(visit: Visit, served: Served, ids: dict[str, int | str], room: Room) -> None:
    found = measured(f"{served.home}{room.at.format_map(ids)}", cookies(visit, room.who, served.home), room.name)
    scores = {name: round(100 * found["categories"][name]["score"]) for name in AT_LEAST}
    print(room.name, *(f"{name} {score}" for name, score in scores.items()))
    assert all(scores[name] >= least for name, least in AT_LEAST.items()), f"{scores}: {wrong_in(found)}"
    assert found["audits"]["cumulative-layout-shift"]["numericValue"] == 0


def cookies(visit: Visit, who: str | None, home: str) -> str:
    page = visit(who)
    return "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in page.context.cookies(home))


def measured(address: str, cookie: str, name: str) -> dict[str, Any]:
    """What Lighthouse says of a page on a phone with a slow line; kept beside the pictures of the pages."""
    report = ARTEFACTS / "lighthouse" / f"{name}.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    flags = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage"]
    flags += ["--no-sandbox"] if os.geteuid() == 0 else []
    command = [
        *("node", str(LIGHTHOUSE), address, "--quiet", "--output=json", f"--output-path={report}"),
        *(f"--only-categories={','.join(AT_LEAST)}", f"--chrome-flags={' '.join(flags)}"),
        *([f"--extra-headers={json.dumps({'Cookie': cookie})}"] if cookie else []),
    ]
    environment = {**os.environ, "CHROME_PATH": shutil.which("chromium") or ""}
    look = partial(subprocess.run, command, env=environment, timeout=300)
    # Now and then Chromium drops the trace of a page, and Lighthouse asks to be run again: once.
    if look(stderr=subprocess.PIPE).returncode:
        look(check=True)
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf8"))
    return found


def wrong_in(found: dict[str, Any]) -> list[str]:
    """The audits that cost points."""
    audits = found["audits"].values()
    return [
        f"{one['id']} {one.get('displayValue', '')}"
        for one in audits
        if one["score"] is not None and one["score"] < 0.9
    ]
