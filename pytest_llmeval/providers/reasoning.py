"""The text of a reply: the reasoning before the answer, and whether anything is said at all."""

from __future__ import annotations

import re
from typing import NamedTuple

_TAGS = r"(?:\w{1,12}:)?think(?:ing)?|thoughts?|reasoning"
_WEAK_TAGS = "reason|analysis|scratchpad|reflection"
"""Names that an answer in XML may have too: only a closed block with a text after it counts."""

_OPENING = (
    rf"<(?:{_TAGS})(?:\s[^<>\n]{{0,80}})?>|\[THINK(?:ING)?\]|◁think▷|<unused94>(?:thought)?|"
    r"<\|(?:start_thinking|begin_of_thought|think(?:ing)?|reasoning)\|>|<\|channel>thought"
)
_CLOSING = (
    rf"</(?:{_TAGS})\s*>|\[/THINK(?:ING)?\]|◁/think▷|<unused95>|<channel\|>|"
    r"<\|(?:end_thinking|end_of_thought|/think(?:ing)?|/reasoning)\|>"
)
_START = re.compile(_OPENING, re.IGNORECASE)
_WEAK_START = re.compile(
    rf"<(?:(?P<tag>{_WEAK_TAGS})\s*|(?P<details>details) type=[\"']reasoning[\"'][^<>]{{0,200}})>",
    re.IGNORECASE,
)
_END = re.compile(_CLOSING, re.IGNORECASE)

_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0"
"""Letters and marks of Unicode that show nothing."""

_UNSEEN = "\\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff" + _FILLERS
_UNSEEN_ONE = re.compile(f"[{_UNSEEN}]")
_BLANK = re.compile(f"[{_UNSEEN}]*")
_CONTROL = re.compile(
    r"<[|\uff5c][^<>|\uff5c\s]{1,60}[|\uff5c]?>|<[^<>|\uff5c\s]{1,60}[|\uff5c]>|</?s>|"
    r"\[/?(?:INST|EOS|BOS|PAD|UNK|SEP|CLS|MASK)\]|<(?:EOS|BOS|PAD|UNK|CLS|SEP|MASK|EOT)_TOKEN>|"
    r"<(?:bos|eos|pad|unk|eot|end_of_turn|start_of_turn|end_of_utterance|(?:unused|extra_id_)\d+)>",
    re.IGNORECASE,
)
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
    r"analysis(?=(?:We|User|The|They|Need|Just|It|This|Simple|Let's|Okay|So|I)\b)"
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


def split_reasoning(text: str) -> Thought:
    """Take leading blocks of reasoning off a text.

    A block is ``<think>…</think>`` or the like, or a channel of the harmony format that is not the
    final one. A chat template may have written the opening tag, so that the reply begins inside the
    block. A block that does not end is reasoning alone.
    """
    channels = _split_channels(text)
    if channels is not None:
        return channels
    parts: list[str] = []
    position = 0
    while (block := _leading_block(text, position)) is not None:
        parts.append(block.reasoning)
        position = block.end
    end = _end_alone(text, position)
    if end is not None:
        parts.append(text[position : end.start()].strip())
        position = end.end()
    if not parts:
        return Thought("", text)
    reasoning = "\n".join(filter(None, parts))
    return Thought(reasoning, _answer(text, position))


def _answer(text: str, position: int) -> str:
    """Return the text after a block, without the tokens that some models write around it."""
    blank = _BLANK.match(text, position)
    answer = text[blank.end() if blank else position :]
    return without_controls(answer) if _CONTROL.match(answer) else answer


def says_something(text: str) -> bool:
    """Return whether a text has a visible character that is no control token of a chat template."""
    said = re.sub(f"[{_FILLERS}]", "", _CONTROL.sub("", _HEAD.sub("", text)))
    return any(letter.isprintable() and not letter.isspace() for letter in said)


def without_controls(text: str) -> str:
    """Take blanks, marks that nobody sees, and control tokens off both ends of a text."""
    start = _lead(text, 0)
    end = len(text)
    while end > start:
        if _UNSEEN_ONE.match(text, end - 1):
            end -= 1
            continue
        token = _LAST_CONTROL.search(text[max(start, end - _LONGEST_TOKEN) : end])
        if token is None:
            break
        end -= len(token[0])
    return text[start:end]


def _lead(text: str, position: int) -> int:
    """Return where a text begins, after blanks and control tokens of a chat template."""
    while True:
        start = position
        for pattern in (_BLANK, _HEAD, _CONTROL):
            if pattern is _CONTROL and _START.match(text, position):
                return position
            match = pattern.match(text, position)
            position = match.end() if match else position
        if position == start:
            return position


class _Block(NamedTuple):
    """A block of reasoning, and the position after it."""

    reasoning: str
    end: int


def _leading_block(text: str, position: int) -> _Block | None:
    """Return the block of reasoning that begins at a position."""
    lead = _lead(text, position)
    word = _FIRST_WORD.match(text, lead)
    lead = word.end() if word else lead
    start = _START.match(text, lead)
    if start is not None:
        end = _END.search(text, start.end())
        if end is None:
            return _Block(text[start.end() :].strip(), len(text))
        return _Block(text[start.end() : end.start()].strip(), end.end())
    weak = _WEAK_START.match(text, lead)
    if weak is None:
        return None
    tag = weak["tag"] or weak["details"]
    end = re.compile(rf"</{tag}\s*>", re.IGNORECASE).search(text, weak.end())
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
