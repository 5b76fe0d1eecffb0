"""One page of a longer list, as the API of a tool gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_llmeval.errors import Problem
from pytest_llmeval.text import count

_TOTALS = frozenset((
    "totalitems", "totalcount", "totalrows", "numrowstotal", "totalresults", "totalelements",
    "totalhits", "totalrecords", "totalentries", "recordstotal", "totalsize", "itemcount",
))  # fmt: skip
"""Names of the number of all items."""

_WEAK_TOTALS = frozenset(("total", "count"))
"""Names of it beside another one of a page."""

_OF_A_PAGE = frozenset((
    "page", "limit", "offset", "perpage", "pagesize", "totalpages", "pages", "pagecount",
    "lastpage", "currentpage", "skip", "top", "next", "previous", "prev", "hasmore", "hasnext",
))  # fmt: skip
_MORE = frozenset(("hasmore", "hasnext", "hasnextpage", "hasnextitems", "istruncated", "partial",
                   "truncated", "morepages", "moreitems"))  # fmt: skip
_NEXT = frozenset((
    "next", "nextpage", "nextcursor", "nexttoken", "nextpagetoken", "nextpageurl", "nexturl",
    "nextlink", "odatanextlink", "nextoffset", "continuationtoken", "scrollid",
))  # fmt: skip
_PAGES = frozenset(("totalpages", "pages", "pagecount", "lastpage", "numpages"))
_ABOUT = frozenset((
    "meta", "metadata", "pagination", "paging", "page", "pageinfo", "links", "info", "pager",
    "responsemetadata", "cursor",
))  # fmt: skip
"""Objects beside the rows that say what the page is."""


def one_page(file: str, document: Mapping[str, Any], rows: int) -> Iterator[Problem]:
    """Yield a problem if an object says that its rows are only some of a longer list.

    Args:
        file: Path as the user wrote it.
        document: The object.
        rows: The number of its rows.
    """
    for path, members in _places(document):
        for name, value in members.items():
            if _says_more(_plain(name), value, members, rows):
                written = f"one page of a longer list ({name} {value!r}, {count(rows, 'row')} here)"
                allowed = (
                    "all rows; export every page into one list, or take the key out if these are "
                    "all cases"
                )
                yield Problem(file, None, None, f"{path}{name}", written, allowed)
                return


def _places(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "", document
    for name, value in document.items():
        if isinstance(value, dict) and _plain(name) in _ABOUT:
            yield f"{name}.", value


def _says_more(name: str, value: Any, members: Mapping[str, Any], rows: int) -> bool:
    """Return whether a member says that there are further rows."""
    if name in _MORE:
        return value is True
    if name in _NEXT:
        return bool(value) and value is not True
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    if name in _TOTALS:
        return value > rows
    names = {_plain(member) for member in members} - {name}
    if name in _WEAK_TOTALS:
        return value > rows and bool(names & _OF_A_PAGE)
    return name in _PAGES and value > 1 and bool(names & _OF_A_PAGE.union(_TOTALS, _WEAK_TOTALS))


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()
