"""Links lead somewhere: to a page and a heading on it, or to a file of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import GENERATED, PAGES, ROOT, headings, links, name_of

GUIDES = [page for page in PAGES if page.parent.name == "docs" and page != GENERATED]
OTHERS = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "golden/README.md"]


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=name_of)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    lost = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        if path.startswith(("http://", "https://")):
            continue
        target = page.parent / path if path else page
        if not target.exists() or (
            anchor and anchor not in {found for _, found in headings(target)}
        ):
            lost.append(link)
    assert not lost


def test_the_readme_leads_to_every_page() -> None:
    reached = {(ROOT / link.partition("#")[0]).resolve() for link in links(ROOT / "README.md")}
    assert [
        name_of(page) for page in PAGES if page.parent.name == "docs" and page not in reached
    ] == []


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_a_page_lists_its_sections_in_their_order(page: Path) -> None:
    listed = [link for link in links(page) if link.startswith("#")]
    assert listed == [f"#{anchor}" for level, anchor in headings(page) if level == "h2"]
