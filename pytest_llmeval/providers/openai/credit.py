"""A quota that no patience brings back: credit, a budget, the free calls of a month."""

from __future__ import annotations

import re

_MONEY = (
    r"(?:credits?(?! cards?\b)|balance|funds|prepaid|resource.?pack(?:age)?|wallet|余额|额度|"
    r"资源包)"
)
_SPENT = (
    r"(?:insufficient|not (?:enough|sufficient)|exhausted|depleted|too low|used up|expired|"
    r"run out|ran out|is negative|不足|用尽|用完|耗尽|已过期)"
)
_SPENDS = r"(?:insufficient|used all|used up|no (?:more |remaining )?|out of|exhausted|lack|enough)"

_CERTAIN = re.compile(
    rf"insufficient.{{0,8}}(?:quota|credit|fund|balance)|\b{_MONEY}\b.{{0,40}}{_SPENT}|"
    rf"{_SPENDS}.{{0,30}}\b{_MONEY}\b|(?:余额|额度|资源包).{{0,6}}(?:不足|用尽|用完|耗尽)|欠费|"
    r"exceeded_current_quota|budget_?exceeded|budget has been exceeded|"
    r"exceeded.{0,12}\bbudget\b(?!_)|exceeded[^.:]{0,40}\bcredits\b|key limit exceeded|"
    r"billing (?:account )?(?:to be |is not |not |must be )enabled|enable billing|"
    r"cr[eé]dits? (?:insuffisant|[eé]puis)|(?:cr[eé]dito|saldo|solde) (?:insuf|esgotado|agotado)|"
    r"guthaben.{0,30}(?:aufgebraucht|erschöpft|reicht)|insufficient.{0,8}wallet|"
    r"недостаточно средств|残高不足|잔액.{0,4}부족|"
    r"(?:spend(?:ing)?|usage).?(?:limit|cap)s?.{0,40}(?:reach|exceed|regain)|"
    r"(?:reach|exceed|hit).{0,40}\b(?:spend(?:ing)?|api.usage|monthly.{0,20}).?(?:limit|cap|quota)|"
    r"billing.{0,40}(?:hard.?limit|not.?active|inactive|disabled)|payment.{0,8}required|unpaid|overdue|"
    r"account.{0,4}(?:is |has been )?(?:deactivated|suspended|in arrears)|arrear|"
    r"(?:trial|subscription).{0,20}(?:expired|ended|inactive|lapsed)|"
    r"free.?(?:tier|quota|trial).{0,30}(?:exhausted|expired|has ended)|freetieronly",
    re.IGNORECASE,
)
"""What services say of it, whatever their status."""

_LIKELY = re.compile(
    r"exceeded.{0,12}current quota|check your plan and billing|quota.{0,20}(?:used up|exhausted)|"
    r"(?:add|purchase|buy|recharge).{0,20}(?:credits?(?! cards?\b)|balance|funds)\b|"
    r"top.?up.{0,20}(?:credits?|balance|wallet|account|funds)\b|充值|"
    r"(?:limit|quota|calls|requests|tokens|usage).{0,40}(?:/|per|a|this|each|for the) ?month\b|"
    r"monthly.{0,20}(?:limit|quota|cap)\b",
    re.IGNORECASE,
)
_COMES_BACK = re.compile(
    r"resource.?exhausted|googleapis|(?:retry|again) (?:in|after) (?:about )?\d|"
    r"(?:/|per|a|each)[ _.-]?(?:s|sec(?:ond)?|min(?:ute)?|hour|day)\b|per(?:minute|day)|daily|"
    r"today|tomorrow",
    re.IGNORECASE,
)
"""What they say of a limit of a minute or of a day, which may be added to the same words."""


_THROTTLED = re.compile(
    r"allocated quota exceeded|throttling|request rate increased|\b[rt]pm\b|tokens? per minute",
    re.IGNORECASE,
)
"""Words of a limit of a minute that come with the code of a used-up quota."""

_QUOTA_CODE = re.compile(r"insufficient_quota|limit_requests|limitrequests", re.IGNORECASE)
_BALANCER = re.compile(r"load[ _-]?balanc\w*", re.IGNORECASE)


def is_out_of_credit(words: str) -> bool:
    """Return whether an error is about a quota that is used up, and not about too many calls.

    Args:
        words: Code and text of the error.
    """
    words = _BALANCER.sub("", words)
    if _THROTTLED.search(words):
        words = _QUOTA_CODE.sub("", words)
    if _CERTAIN.search(words):
        return True
    return _LIKELY.search(words) is not None and _COMES_BACK.search(words) is None
