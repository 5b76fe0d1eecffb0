"""The end of a model's turn where its server did not stop there, and the turns it made up after."""

from __future__ import annotations

import re
from itertools import islice
from typing import NamedTuple

from pytest_llmeval.providers.reasoning import says_something

_END = (
    r"<[|\uff5c](?:im_end|end|end_of_(?:text|turn)|endoftext|end_of_role|eo[stm](?:_id)?|eot|"
    r"end\u2581of\u2581sentence|im\u2581end|return|user_end|assistant_end|END_OF_TURN_TOKEN|"
    r"END_RESPONSE|eom_id|end_turn)[|\uff5c]>|"
    r"</s>|<(?:eos|eot|end_of_turn|end_of_utterance|EOS_TOKEN|turn\|)>|<turn\|>|\[EOS\]"
)
_START = (
    r"<\|im_start\|>|<\|(?:user|human|system|assistant|observation|tool|prompter)\|>|"
    r"<start_of_turn>|<\|start_header_id\|>|<\|start\|>|<\|start_of_role\|>|<\|role_start\|>|"
    r"<\|START_OF_TURN_TOKEN\|>|<\|turn>|<\uff5c(?:User|Assistant)\uff5c>|\[INST\]|"
    r"<s>|<bos>|<\|begin_of_text\|>|<\|startoftext\|>"
)
_MARK = re.compile(rf"(?P<end>{_END})|(?P<start>{_START})", re.IGNORECASE)
_TURN_END = re.compile(rf"(?P<closing>\[/INST\])|{_END}|{_START}", re.IGNORECASE)
_SPEAKER = re.compile(
    r"(?:###? ?)?(?:human|user|assistant|ai|system|question|answer|instruction|input|response|"
    r"q|a|prompt|context|observation|\u7528\u6237|\u95ee\u9898|\u554f)\b ?[:\uff1a]",
    re.IGNORECASE,
)
"""The first words of a turn in plain text."""

_HEAD = re.compile(
    r"\s*(?:(?:<bos>|<\|begin_of_text\|>|<\|startoftext\|>|<\uff5cbegin\u2581of\u2581sentence\uff5c>)"
    r"(?!\s|[a-z]{1,12} )|<\|im_start\|>assistant\s*\n|<start_of_turn>model\s*\n|"
    r"<\|start_header_id\|>assistant<\|end_header_id\|>)\s*(?=\S)"
)
"""What a chat template writes before the answer; not where a sentence goes on behind it."""

_ABOUT = re.compile(
    r"\b(?:chat|dialog(?:ue)?|prompt|conversation|transcript)\b[^.\n]{0,40}:|token|\btags?\b|separat|delimit|template|chatml|special|marker|format|tokeni[sz]|strikethrough|"
    r"\u6807\u8bb0|\u5206\u9694|\u30c8\u30fc\u30af\u30f3",
    re.IGNORECASE,
)
"""Words of a text about such tokens."""

_NAME = re.compile(
    r"\s*(?:user|human|assistant|model|system|tool|ipython|observation)\b", re.IGNORECASE
)
_BEFORE_NAME = ("<|im_start", "<start_of_turn", "<|start", "<|turn", "<|role")
_OF_TEXT = ("<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>")
"""Tokens that begin a text, and no turn."""

_OF_HTML = ("<s>", "</s>")

_MOST_MARKS = 20

_OPEN_MARKS = (
    ",",
    ";",
    "|",
    "`",
    "'",
    '"',
    ":",
    "(",
    "[",
    "=",
    "\u201c",
    "\u2018",
    "\u300c",
    "\uff08",
)
_OPEN = (" ", "\t", *_OPEN_MARKS)
"""What stands before a token that a text quotes."""


class Turn(NamedTuple):
    """A text up to the end of the model's turn.

    Attributes:
        answer: The turn, without the control tokens around it.
        token: The token behind which the model went on; empty if it did not.
    """

    answer: str
    token: str = ""


def end_of_turn(text: str) -> Turn:
    """Cut a text where the model ended its turn.

    A token of a chat template counts where it is written right behind the text. One that stands in
    code, in quotes or behind a blank is a part of the answer, and so is any in a text that speaks
    of tokens. What comes behind a token is cut only if it begins as another turn or document does.
    """
    head = _HEAD.match(text)
    start = head.end() if head else 0
    for mark in islice(_MARK.finditer(text, start), _MOST_MARKS):
        before, after = text[start : mark.start()], text[mark.end() :]
        if not says_something(before):
            return Turn(text)  # it shows the turns of a chat, or has <s> of HTML
        if _quotes(before):
            if mark[0].lower() in _OF_HTML and not after.startswith("["):
                continue
            return Turn(text)
        if mark[0].lower() in _OF_HTML and "<s>" in before.lower():
            continue  # it ends what is struck through
        if not says_something(after):
            return Turn(text if mark[0].lower() == "<s>" else before.rstrip())
        is_end = _is_header(mark[0], after) if mark["start"] else _is_next(after)
        return Turn(before.rstrip(), mark[0]) if is_end else Turn(text)
    return Turn(text[start:])


def _quotes(before: str) -> bool:
    """Return whether the text before a token quotes it, or speaks of such tokens."""
    line = before.rpartition("\n")[2]
    is_open = before.endswith(_OPEN) or before.count("```") % 2 == 1
    is_in_quotes = line.count("`") % 2 == 1 or line.count('"') % 2 == 1
    return is_open or is_in_quotes or _ABOUT.search(before) is not None


def _is_header(token: str, after: str) -> bool:
    """Return whether a token begins a turn: his name follows, or what a speaker says."""
    if token.lower() in _OF_TEXT:
        return False  # HTML has one of them too
    if token.lower().startswith(_BEFORE_NAME):
        return _NAME.match(after) is not None
    return _is_next(after) or _is_next(after.lstrip(" ")) or _has_turn(after)


def _has_turn(after: str) -> bool:
    """Return whether a text ends as a turn does: with a token right behind what was said."""
    end = _TURN_END.search(after)
    if end is None or after[: end.start()].endswith(_OPEN_MARKS):
        return False
    return bool(end["closing"]) or not after[: end.start()].endswith(_OPEN)


def _is_next(after: str) -> bool:
    """Return whether a new turn or document begins behind the end of a turn."""
    stripped = after.lstrip()
    if after[:1] == "\n" or _SPEAKER.match(stripped) or _MARK.match(stripped):
        return True
    return after[:1].isupper() or not after[:1].isascii()
