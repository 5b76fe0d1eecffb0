"""The text of a reply: the reasoning before the answer, and whether anything is said at all."""

from __future__ import annotations

import re
from typing import NamedTuple

from pytest_llmeval.text import INVISIBLE, shows_something

_TAGS = (
    # Vendors name their tags after thinking, with a word of their own before or after it.
    r"(?:(?!end|critical|design|systems?|lateral|final|creative|visual|comput)[a-z\d]{1,20}[:_])?"
    r"(?:think(?:ing)?(?:[:_](?!score|time|type|id|tank|level|style|skill)\w{1,60})?|"
    r"(?:thoughts?|reasoning)(?:_(?:process|content|steps?|traces?|block))?)|"
    r"cot|chain[_-]of[_-]thoughts?|inner[_-]monologue|scratch_?pad"
)
_WEAK_TAGS = "reason|analysis|reflection"
"""Names of blocks that count in the reply of a judge alone, closed and with a text after them."""

_LESS, _MORE = r"(?:<|&lt;|\uff1c)", r"(?:>|&gt;|\uff1e)"
_SPECIAL = rf"(?:\|(?:(?:start|begin)_(?:of_)?)?(?:{_TAGS})\|)"
_OPENING = (
    rf"{_LESS}(?:{_TAGS})(?:\s[^<>\n&]{{0,80}})?{_MORE}|\[THINK(?:ING)?\]|◁think▷|"
    rf"<(?:unused|ctrl)94>(?:thought)?|<{_SPECIAL}>|<\|channel>thought"
)
_CLOSING = (
    rf"{_LESS}/(?:{_TAGS})\s*{_MORE}|\[/THINK(?:ING)?\]|◁/think▷|<(?:unused|ctrl)95>|<channel\|>|"
    rf"<\|(?:/|end_(?:of_)?)(?:{_TAGS})\|>"
)
_ROLE_START = re.compile(
    r"<\|(?:im_start|start_header_id|start)\|>\s*(?:think(?:ing)?|thoughts?|reasoning|analysis)"
    r"(?:<\|end_header_id\|>|\s*\n)",
    re.IGNORECASE,
)
_ROLE_END = re.compile(r"<\|(?:im_end|end|eot_id)\|>", re.IGNORECASE)
"""A turn of a role of its own for the reasoning."""

_LAST_BLOCK = re.compile(
    r"\n[ \t]*(?:<(?:[a-z\d]{1,20}[:_])?think(?:ing)?>|\[THINK\]|◁think▷)[ \t]*\n"
    rf"(?=(?P<inside>.*?)(?P<end>{_CLOSING}|\Z))",
    re.IGNORECASE | re.DOTALL,
)
"""A block on lines of its own behind an answer."""

_ABOUT_TAGS = re.compile(
    r"\btags?\b|think|\bblocks?\b|format|\bxml\b|tokens?\b|reason|thought|template|标签|タグ",
    re.IGNORECASE,
)
"""Words of a text that shows such a block."""

_START = re.compile(_OPENING, re.IGNORECASE)
_WEAK_START = re.compile(rf"<(?P<tag>{_WEAK_TAGS})\s*>", re.IGNORECASE)
_BRACKET_START = re.compile(r"\[(?P<tag>reasoning)\]", re.IGNORECASE)
_TERMINAL = re.compile(
    r"Thinking\.\.\.[ \t]*\n(?P<inside>.*?)\n[ \t]*\.\.\.done thinking\.", re.DOTALL
)
"""A block as Ollama writes it into a terminal."""

_DETAILS_START = re.compile(
    r"<details\s[^<>]{0,200}?type=[\"']?reasoning\b[^<>]{0,200}>", re.IGNORECASE
)
_DETAILS_END = re.compile(r"</details\s*>", re.IGNORECASE)
_END = re.compile(_CLOSING, re.IGNORECASE)
_SECTION = re.compile(r"<(?!(?:\w{1,12}:)?think(?:ing)?[\s>])[a-z]", re.IGNORECASE)
"""Tags that the first section of an answer in XML may have too."""

_NEXT_SECTION = re.compile(rf"\s*(?!{_OPENING})<[A-Za-z][\w.-]{{0,40}}>", re.IGNORECASE)
_WORD_OF_PROSE = re.compile(
    r"[ \t]+(?:is|are|was|were|means?|tags?|tokens?|blocks?|sections?|elements?|marks?|opens?"
    r"|denotes?|stands?|and|or|has|have|can|may|must|should|will|works?|holds?|contains?"
    r"|indicates?|starts?|begins?|ist|sind|und|es|son|est|sont|sono|è|é|são)\b"
    r"|[ \t]*[.,;:)](?![.,;:)])"
    r"|[ \t]*(?:是一|表示|标签|标记|タグ|はタグ)"
)
"""What follows a tag of which a sentence speaks."""

_UNSEEN = rf"\s{INVISIBLE}"
_UNSEEN_ONE = re.compile(f"[{_UNSEEN}]")
_BLANK = re.compile(f"[{_UNSEEN}]*")
_CONTROL = re.compile(
    r"<[|\uff5c][^<>|\uff5c\s]{1,60}[|\uff5c]?>|<[^<>|\uff5c\s]{1,60}[|\uff5c]>|</?s>|"
    r"\[/?(?:INST|EOS|BOS|PAD|UNK|SEP|CLS|MASK)\]|<(?:EOS|BOS|PAD|UNK|CLS|SEP|MASK|EOT)_TOKEN>|"
    r"<(?:bos|eos|pad|unk|eot|end_of_turn|start_of_turn|end_of_utterance|(?:unused|extra_id_)\d+)>",
    re.IGNORECASE,
)
_OF_TEMPLATE = re.compile(
    r"end|eo[stm]|stop|im_|return|call|turn|start|head|assistant|user|system|respon|pad|bos|unk|"
    r"begin|message|channel|</?s>|/INST|unused|extra_id|fim|reserved|constrain|think|tool|text",
    re.IGNORECASE,
)
"""Control tokens that models write although they say nothing."""

_LONGEST_TOKEN = 64
_LAST_CONTROL = re.compile(rf"(?:{_CONTROL.pattern})\Z", re.IGNORECASE)
_HEAD = re.compile(
    r"(?:<\|(?:im_start|start_header_id|start)\|>assistant|<start_of_turn>model)"
    r"(?:<\|end_header_id\|>)?",
    re.IGNORECASE,
)
_FIRST_WORD = re.compile(
    rf"(?:ok(?:ay)?|sure|al(?:l )?right|well|right|hmm+|certainly|of course)[.,!:…]*[{_UNSEEN}]*"
    rf"(?={_OPENING})",
    re.IGNORECASE,
)
"""A word of a model before its reasoning."""

_CHANNEL = re.compile(
    r"(?:<\|start\|>\w{1,20}[^<>\n]{0,100})?<\|channel\|>(?P<name>\w{1,20})(?P<to>[^<>\n]{0,100})"
    r"(?:<\|constrain\|>[^<>\n]{0,40})?<\|message\|>"
)
_CHANNEL_END = re.compile(r"<\|(?:end|return|call|start|channel)\|>")
_FINAL = "final"
_LATE_CHANNEL = re.compile(r"<\|end\|>\s*(?=<\|start\|>assistant<\|channel\|>)")
_BARE_CHANNELS = re.compile(r"analysis(?=\S)(.*)assistantfinal(.*)", re.DOTALL)
_BARE_ANALYSIS = re.compile(
    r"analysis(?=(?:We|User|The|They|Need|Just|It|This|Simple|Let's|Okay|So|I)(?:['\u2019,\s]|\Z))"
)
"""The channels of a server that leaves out the tokens between them."""

_SENTENCE_END = tuple(".!?…。\uff01\uff1f\"”')\uff09")


class Thought(NamedTuple):
    """A text in two parts.

    Attributes:
        reasoning: What the model thought; empty without a block of reasoning.
        answer: What it said after that.
    """

    reasoning: str
    answer: str


def split_reasoning(text: str, *, is_of_judge: bool = False) -> Thought:
    """Take leading blocks of reasoning off a text.

    A block is ``<think>…</think>`` or the like, or a channel of the harmony format that is not the
    final one. A chat template may have written the opening tag, so that the reply begins inside the
    block. A block that does not end is reasoning alone.

    Args:
        text: The text.
        is_of_judge: Whether it is the reply of a judge. Its format has no tags, so that a block
            such as ``<analysis>`` is reasoning too; in another answer it may be demanded.
    """
    channels = _split_channels(text)
    if channels is not None:
        return channels
    parts: list[str] = []
    position = 0
    while (block := _leading_block(text, position, is_of_judge)) is not None:
        parts.append(block.reasoning)
        position = block.end
    end = _end_alone(text, position)
    if end is not None:
        parts.append(text[position : end.start()].strip())
        position = end.end()
    last = _last_block(text, position)
    if last is not None:
        parts.append(last.reasoning)
    if not parts:
        return Thought("", text)
    reasoning = "\n".join(filter(None, parts))
    whole = text[: last.end].rstrip() if last else text
    return Thought(reasoning, _answer(whole, position))


def _last_block(text: str, position: int) -> _Block | None:
    """Return the block of reasoning with which a text ends, and where it begins."""
    block = _LAST_BLOCK.search(text, position)
    if block is None or says_something(text[block.end("end") :]):
        return None
    before = text[position : block.start()]
    is_shown = before.rstrip().endswith(":") or before.count("```") % 2 == 1
    if is_shown or not says_something(before) or _ABOUT_TAGS.search(before):
        return None
    return _Block(block["inside"].strip(), block.start())


def _answer(text: str, position: int) -> str:
    """Return the text after a block, without the tokens that some models write around it."""
    blank = _BLANK.match(text, position)
    answer = text[blank.end() if blank else position :]
    return without_controls(answer) if _CONTROL.match(answer) else answer


def says_something(text: str) -> bool:
    """Return whether a text has a visible character that is no control token of a chat template.

    One token alone is an answer, such as ``[MASK]``, unless models end or fill a reply with it.
    """
    said = _HEAD.sub("", text)
    if shows_something(_CONTROL.sub("", said)):
        return True
    tokens = _CONTROL.findall(said)
    return len(tokens) == 1 and _OF_TEMPLATE.search(tokens[0]) is None


def without_controls(text: str) -> str:
    """Take blanks, marks that nobody sees, and control tokens off both ends of a text."""
    start = _lead(text, 0)
    return text[start : _end_of_text(text, start)]


def without_last_controls(text: str) -> str:
    """Take blanks, marks that nobody sees, and control tokens off the end of a text."""
    return text[: _end_of_text(text, 0)]


def _end_of_text(text: str, start: int) -> int:
    """Return where a text ends, before blanks and control tokens of a chat template."""
    end = len(text)
    while end > start:
        if _UNSEEN_ONE.match(text, end - 1):
            end -= 1
            continue
        token = _LAST_CONTROL.search(text[max(start, end - _LONGEST_TOKEN) : end])
        if token is None:
            break
        end -= len(token[0])
    return end


def _lead(text: str, position: int) -> int:
    """Return where a text begins, after blanks and control tokens of a chat template."""
    while True:
        start = position
        for pattern in (_BLANK, _HEAD, _CONTROL):
            is_control = pattern is _CONTROL
            if is_control and (_START.match(text, position) or _ROLE_START.match(text, position)):
                return position
            match = pattern.match(text, position)
            position = match.end() if match else position
        if position == start:
            return position


class _Block(NamedTuple):
    """A block of reasoning, and the position after it."""

    reasoning: str
    end: int


def _leading_block(text: str, position: int, is_of_judge: bool) -> _Block | None:
    """Return the block of reasoning that begins at a position."""
    lead = _lead(text, position)
    word = _FIRST_WORD.match(text, lead)
    lead = word.end() if word else lead
    start = _START.match(text, lead)
    if start is not None:
        end = _END.search(text, start.end())
        if _is_in_prose(text, start, end):
            return None
        if end is None and start[0] == text.strip() and start[0].startswith("&"):
            return None  # a tag as HTML writes it, and nothing else
        if end is None:
            return _Block(text[start.end() :].strip(), len(text))
        is_section = _SECTION.match(start[0]) and _NEXT_SECTION.match(text, end.end())
        if is_section and not is_of_judge:
            return None
        return _Block(text[start.end() : end.start()].strip(), end.end())
    for pattern, closing in ((_ROLE_START, _ROLE_END), (_DETAILS_START, _DETAILS_END)):
        if start := pattern.match(text, lead):
            end = closing.search(text, start.end())
            inside = text[start.end() : end.start() if end else None]
            return _Block(inside.strip(), end.end() if end else len(text))
    return _weak_block(text, lead, is_of_judge)


def _is_in_prose(text: str, start: re.Match[str], end: re.Match[str] | None) -> bool:
    """Return whether a sentence speaks of an opening tag, so that no block begins with it."""
    if _WORD_OF_PROSE.match(text, start.end()) is None:
        return False
    if end is None:
        return True
    before = text[start.end() : end.start()]
    return "\n" not in before and not _is_end(before.rstrip(" \t"), text[end.end() :])


def _weak_block(text: str, lead: int, is_of_judge: bool) -> _Block | None:
    """Return the block at a position whose name an answer may have too."""
    terminal = _TERMINAL.match(text, lead)
    if terminal is not None:
        return _Block(terminal["inside"].strip(), terminal.end())
    weak = _BRACKET_START.match(text, lead)
    if weak is None and is_of_judge:
        weak = _WEAK_START.match(text, lead)
    if weak is None:
        return None
    end = re.compile(rf"[<\[]/{weak['tag']}\s*[>\]]", re.IGNORECASE).search(text, weak.end())
    if end is None or _lead(text, end.end()) == len(text):
        return None
    return _Block(text[weak.end() : end.start()].strip(), end.end())


def _end_alone(text: str, position: int) -> re.Match[str] | None:
    """Return the closing tag of a block whose opening tag the chat template wrote."""
    end = _END.search(text, position)
    if end is None:
        return None
    before = text[position : end.start()]
    # A tag within JSON is a part of a text in it.
    if before.lstrip().startswith(("{", "[")):
        return None
    # A tag that the text opens itself, or quotes, is a part of the answer.
    if _START.search(before) or before.endswith("`") or before.count("```") % 2:
        return None
    return end if _is_end(before.rstrip(" \t"), text[end.end() :]) else None


def _is_end(before: str, after: str) -> bool:
    """Return whether a closing tag ends reasoning, and is no word of a sentence about tags."""
    following = after.lstrip(" \t")
    if not following or following.startswith(("\r\n", "\n", "{", "```")):
        return True
    first = following[0]
    is_after_sentence = before.endswith((*_SENTENCE_END, "\n"))
    if following != after:
        return is_after_sentence and not first.islower()
    is_latin = first.isascii() and (first.isalnum() or first in "*#[<$")
    return is_latin or (is_after_sentence and first.isalnum())


def _split_channels(text: str) -> Thought | None:
    """Split a text in the harmony format of gpt-oss; ``None`` for any other text."""
    bare = _BARE_CHANNELS.match(text)
    if bare is not None:
        return Thought(bare[1].strip(), bare[2].lstrip())
    alone = _BARE_ANALYSIS.match(text)
    if alone is not None:
        return Thought(text[alone.end() :].strip(), "")
    start = _lead_of_channels(text)
    if start is None:
        return None
    final: list[str] = []
    others = [text[:start].strip().removesuffix("<|end|>")]
    position = start
    while (channel := _CHANNEL.search(text, position)) is not None:
        end = _CHANNEL_END.search(text, channel.end())
        position = end.start() if end else len(text)
        target = final if channel["name"] == _FINAL else others
        target.append(text[channel.end() : position])
    return Thought("\n".join(filter(None, others)).strip(), "".join(final).strip())


def _lead_of_channels(text: str) -> int | None:
    """Return where the first channel begins; ``None`` for a text without channels."""
    lead = _BLANK.match(text)
    start = lead.end() if lead else 0
    if _CHANNEL.match(text, start):
        return start
    late = _LATE_CHANNEL.search(text)
    if late is None:
        return None
    before = text[: late.start()]
    if "<|channel|>" in before or "<|start|>" in before or before.count("```") % 2:
        return None
    return late.end()
