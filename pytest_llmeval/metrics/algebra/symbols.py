"""Signs, commands and words of mathematics, and what they are for the parser of LaTeX."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_llmeval.metrics.plain import TEXT_COMMANDS

FUNCTIONS = frozenset((
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh",
    "log", "ln", "exp", "lim", "max", "min", "gcd", "lcm",
))  # fmt: skip
"""Functions whose argument may stand behind them without a bracket."""

WORDS: Mapping[str, str] = {
    **{name: f"\\{name}" for name in FUNCTIONS},
    "sqrt": "\\sqrt", "pi": "\\pi", "infinity": "\\infty", "infty": "\\infty", "inf": "\\infty",
    "oo": "\\infty", "alpha": "\\alpha", "beta": "\\beta", "gamma": "\\gamma", "theta": "\\theta",
    "lambda": "\\lambda", "phi": "\\phi", "mu": "\\mu", "sigma": "\\sigma", "in": "\\in",
    "cup": "\\cup", "union": "\\cup", "U": "\\cup", "cap": "\\cap", "mod": "\\mod", "abs": "\\abs",
}  # fmt: skip
"""Words of formulas that are typed without LaTeX."""

_GREEK = (
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta",
    "iota", "kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi",
    "varphi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma",
    "Upsilon", "Phi", "Psi", "Omega", "infty", "ell", "hbar", "partial",
)  # fmt: skip
OPERANDS = frozenset(f"\\{name}" for name in (*_GREEK, "emptyset"))
"""Commands that stand for an operand."""

OPERATORS: Mapping[str, str] = {
    **{f"\\{name}": f"\\{name}" for name in ("cdot", "pm", "in", "cup", "cap", "setminus", "to")},
    "\\mod": "\\mod", "\\bmod": "\\mod", "\\times": "\\cdot", "\\ast": "\\cdot",
    "\\bullet": "\\cdot", "\\div": "/",
    "\\le": "\\leq", "\\leq": "\\leq", "\\leqslant": "\\leq", "\\ge": "\\geq", "\\geq": "\\geq",
    "\\geqslant": "\\geq", "\\lt": "<", "\\gt": ">", "\\ne": "\\neq", "\\neq": "\\neq",
    "\\approx": "=", "\\simeq": "=", "\\cong": "=", "\\rightarrow": "\\to", "\\colon": ":",
}  # fmt: skip
"""Commands between operands, as the parser knows them."""

OPENING: Mapping[str, str] = {
    "(": "(", "[": "[", "\\{": "\\{", "\\lbrace": "\\{", "\\langle": "(", "\\lfloor": "\\lfloor ",
    "\\lceil": "\\lceil ", "\\lbrack": "[",
}  # fmt: skip
CLOSING: Mapping[str, str] = {
    ")": ")", "]": "]", "\\}": "\\}", "\\rbrace": "\\}", "\\rangle": ")", "\\rfloor": "\\rfloor ",
    "\\rceil": "\\rceil ", "\\rbrack": "]",
}  # fmt: skip
BARS = frozenset(("|", "\\vert", "\\lvert", "\\rvert", "\\mid"))

ALIASES: Mapping[str, str] = {
    "\\dfrac": "\\frac", "\\tfrac": "\\frac", "\\cfrac": "\\frac", "\\dbinom": "\\binom",
    "\\tbinom": "\\binom", "\\varnothing": "\\emptyset", "\\empty": "\\emptyset",
    "\\degree": "\\circ", "\\lg": "\\log_{10}", "\\fbox": "\\boxed", "\\widehat": "\\hat",
    "\\widetilde": "\\tilde", "\\overrightarrow": "\\vec",
}  # fmt: skip
TEXTS = frozenset(f"\\{name}" for name in (*TEXT_COMMANDS.split("|"), "boldsymbol", "bf", "rm"))
"""Commands for upright or bold letters: a word, a unit, the name of a function, or a variable."""

ACCENTS = frozenset(("\\vec", "\\overline", "\\bar", "\\hat", "\\tilde", "\\mathcal", "\\mathbb"))
BIG = frozenset(("\\int", "\\sum", "\\prod"))
MATRICES = frozenset(("array", "matrix", "pmatrix", "bmatrix", "vmatrix", "Bmatrix", "Vmatrix"))

LAYOUT = (
    "\\left", "\\right", "\\mleft", "\\mright", "\\bigl", "\\bigr", "\\Bigl", "\\Bigr", "\\biggl",
    "\\biggr", "\\big", "\\Big", "\\bigg", "\\Bigg", "\\displaystyle", "\\textstyle", "\\limits",
    "\\nolimits",
)  # fmt: skip
"""Commands that change the look alone."""
SPACES = frozenset(("\\,", "\\;", "\\:", "\\!", "\\ ", "~", "\\quad", "\\qquad", "\\space"))

SIGNS: Mapping[str, str] = {
    "×": "\\cdot ", "⋅": "\\cdot ", "·": "\\cdot ", "∙": "\\cdot ", "∗": "\\cdot ", "÷": "/",
    "∕": "/", "⁄": "/", "−": "-", "–": "-", "≤": "\\leq ", "⩽": "\\leq ", "≥": "\\geq ",
    "⩾": "\\geq ", "≠": "\\neq ", "≈": "=", "±": "\\pm ", "∞": "\\infty ", "√": "\\sqrt ",
    "π": "\\pi ", "∪": "\\cup ", "∩": "\\cap ", "∈": "\\in ", "∖": "\\setminus ",
    "∅": "\\emptyset ",
    "ℝ": "\\mathbb{R}", "ℕ": "\\mathbb{N}", "ℤ": "\\mathbb{Z}", "ℚ": "\\mathbb{Q}",
    "ℂ": "\\mathbb{C}", "°": "^\\circ ", "′": "'", "’": "'", "∫": "\\int ", "∑": "\\sum ",
    "→": "\\to ", "⟨": "(", "⟩": ")", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u200b": "",
    "\u2061": "", "\u2062": "", "…": "\\dots ",
    "½": "\\frac{1}{2}", "⅓": "\\frac{1}{3}", "⅔": "\\frac{2}{3}", "¼": "\\frac{1}{4}",
    "¾": "\\frac{3}{4}", "⅕": "\\frac{1}{5}", "⅖": "\\frac{2}{5}", "⅗": "\\frac{3}{5}",
    "⅘": "\\frac{4}{5}", "⅙": "\\frac{1}{6}", "⅚": "\\frac{5}{6}", "⅐": "\\frac{1}{7}",
    "⅛": "\\frac{1}{8}", "⅜": "\\frac{3}{8}", "⅝": "\\frac{5}{8}", "⅞": "\\frac{7}{8}",
    "⅑": "\\frac{1}{9}", "⅒": "\\frac{1}{10}",
}  # fmt: skip
"""Signs of Unicode in LaTeX."""
