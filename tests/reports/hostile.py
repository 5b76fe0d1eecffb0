"""Texts that try to become something else than text, and a way to plant one in every field of a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

CLOSED = ("outcome", "comparison", "verdict", "state", "test")  # their values are words of ours
HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><style>*{display:none}</style></svg>",
    "<math><mtext></p><img src onerror=alert(1)></math>",
    '"><b onmouseover=alert(1)>',
    "' autofocus onfocus='alert(1)",
    '" style="position:fixed;inset:0',
    "`onmouseover=alert(1)`",
    "</div></section></details></main></body></html>",
    "<details open ontoggle=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<a href=javascript:alert(1)>click</a>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<form action=https://evil.example/><input type=submit>",
    "<!-- -->--!><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?>",
    "<%= 1 %>",
    "{{ 7 * 7 }}{% for x in [] %}{{ ''.__class__ }}",
    "{# comment #}",
    "${alert(1)}",
    "&lt;script&gt;&#x3C;script&#x3E;&amp;",
    "&NotEqualTilde;&#0;&#xD800;",
    "\u202ereversed\u202c and \u2066isolated\u2069",
    "nul \0 bell \a escape \x1b[31m delete \x7f",
    "half a smile \ud83d",
    "مرحبا <b>bold</b> שלום",
    "x" * 100_000,
    "[click](javascript:alert(1)) ![x](https://evil.example/x.png) [y]: https://evil.example",
    "<https://evil.example> www.evil.example | a | b |\n|---|---|\n| <b>c</b> | `d` |",
    "*{display:none!important}body{background:url(https://evil.example/x.png)}",
    "@import 'https://evil.example/x.css';",
    '=HYPERLINK("https://evil.example","click")',
    "+1+cmd|' /C calc'!A0",
    "__proto__",
    "constructor",
    "😀👩‍👩‍👧‍👦🏳️‍🌈 Z̸̢̛̪͉̤ä̴͔́l̶̰̏g̶̦̈́o̷̡͛",
    "line\u2028separator\u2029paragraph\r\nend",
]


def everywhere(record: Any, changed: Callable[[str], str]) -> Any:
    """A copy of a record in which every text is changed."""
    if isinstance(record, str):
        return changed(record) if record else record
    if isinstance(record, tuple):
        return tuple(everywhere(each, changed) for each in record)
    if isinstance(record, dict):
        names = (name if name in ("role", "content") else changed(name) for name in record)
        return dict(
            zip(names, (everywhere(each, changed) for each in record.values()), strict=True)
        )
    if is_dataclass(record) and not isinstance(record, type):
        values = {
            each.name: getattr(record, each.name)
            for each in fields(record)
            if each.name not in CLOSED
        }
        return replace(record, **{name: everywhere(each, changed) for name, each in values.items()})
    return record
