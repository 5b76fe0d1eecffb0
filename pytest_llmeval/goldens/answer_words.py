"""Names of columns that may hold the expected answer, in words of several languages."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_HEADS = (
    # Stems of words like `expected`, `correct` and `reference`.
    "erwartet", "richtig", "korrekt", "muster", "referenz", "soll", "ziel",
    "esperad", "correct", "referencia", "deseada", "deseado",
    "attendu", "exacte", "reference",
    "attesa", "atteso", "attese", "attesi", "prevista", "previsto", "corrett", "riferimento",
    "corret", "gabarito", "desejada",
    "verwacht", "juiste", "oczekiwan", "poprawn", "prawidlow", "wzorcow",
    "forvantad", "forvantat", "forventet", "korrekt", "riktig", "rigtig", "ocekavan", "spravn",
    "vart", "helyes", "beklenen", "dogru", "diharapkan", "benar", "odotettu", "oikea",
    "ожидаем", "правильн", "эталон", "верн", "очікуван", "еталон", "идеальн", "образц", "лучш",
    "beste", "bonne", "meilleur", "mejor", "miglior", "giust", "melhor", "goede",
)  # fmt: skip
_TAILS = (
    "antwort", "ausgabe", "ergebnis", "losung", "text", "wert",
    "respuesta", "salida", "resultado", "solucion", "texto", "valor",
    "reponse", "sortie", "resultat", "solution", "texte", "valeur",
    "risposta", "uscita", "risultato", "soluzione", "testo", "valore",
    "resposta", "saida", "solucao", "antwoord", "uitvoer", "resultaat",
    "odpowiedz", "wynik", "svar", "odpoved", "valasz", "cevap", "yanit", "jawaban", "vastaus",
    "ответ", "результат", "відповідь",
)  # fmt: skip
_ALONE = frozenset((
    "erwartet", "erwartung", "musterantwort", "musterlosung", "referenzantwort", "sollantwort",
    "zielantwort", "sollwert", "sollausgabe", "sollergebnis", "esperado", "esperada", "attendu",
    "attendue", "atteso", "attesa", "gabarito", "verwacht", "oczekiwana", "oczekiwane",
    "forventet", "forvantat", "ocekavano", "beklenen", "эталон", "ожидаемый", "ожидаемое",
    "ожидается", "очікується", "losungsvorschlag", "referenz", "referenzen", "referencia",
    "referencias", "reference", "riferimento", "riferimenti", "referentie", "referencja",
    "referens",
))  # fmt: skip
_FILLERS = frozenset((
    "de", "del", "la", "le", "el", "a", "o", "il", "di", "da", "des", "der", "die", "das", "final",
    "yang",
))  # fmt: skip
_IN_ASIA = re.compile(
    "期望|预期|預期|期待|正解|正答|模範|标准答案|標準答案|参考答案|參考答案|正确答案|正確答案|想定"
    "|(?:参考|參考|标准|標準|正确|正確|理想)(?:回答|答复|輸出|输出|回复)"
    "|अपेक्षित|सही उत्तर|सही जवाब|الجواب الصحيح|الجواب المتوقع|תשובה צפויה|תשובה נכונה|פלט צפוי"
    "|ที่คาดหวัง|\u0e04\u0e4d\u0e32\u0e15\u0e2d\u0e1aที่ถูก|câu trả lời (?:mong đợi|đúng)|đáp án"
    "|αναμενόμεν|σωστή απάντηση"
    "|정답|기대|예상|모범|(?:참고|참조|기준) ?답|الإجابة المتوقعة|الإجابة الصحيحة|المتوقع"
)
_WORDS = re.compile(r"[^\W\d_]+")

_GENERIC = frozenset((
    "label", "labels", "output", "outputs", "response", "responses", "result", "results", "ans",
    "correct", "chosen", "preferred", "accepted", "reply", "replies",
    "modelanswer", "modelanswers", "sampleanswer", "sampleoutput", "sampleresponse",
    "sampleresult", "exampleanswer", "exampleoutput", "exampleresponse", "humananswer",
    "humanresponse", "answertext", "finalanswer", "textanswer", "shortanswer", "longanswer",
    "antwort", "antworten", "respuesta", "respuestas", "reponse", "reponses", "risposta",
    "risposte", "resposta", "respostas", "antwoord", "odpowiedz", "svar", "odpoved", "cevap",
    "yanit", "jawaban", "vastaus", "ответ", "ответы", "відповідь",
    "答案", "回答", "答え", "解答", "答复", "답변", "답", "응답", "الإجابة", "الجواب", "उत्तर",
    "תשובה", "\u0e04\u0e4d\u0e32\u0e15\u0e2d\u0e1a", "losung", "soll", "απάντηση",
    "summary", "highlights", "translation", "intent",
    "desired", "wanted", "canonical", "oracle", "right", "outputtext", "responsetext",
    "ergebnis", "ausgabe", "resultado", "salida", "solucion", "resultat", "sortie", "risultato",
    "uscita", "soluzione", "saida", "solucao", "resultaat", "uitvoer", "oplossing", "wynik",
    "rozwiazanie", "результат", "решение", "结果", "輸出", "输出", "結果", "出力", "결과", "출력",
    "نتيجة", "परिणाम",
))  # fmt: skip
_NUMBERED = re.compile(r"(?:answer|label|target|ans)s?\d+")
_OF_A_MODEL = frozenset((
    "output", "outputs", "response", "responses", "result", "results", "reply", "replies",
    "modelanswer", "modelanswers", "outputtext", "responsetext", "ergebnis", "ausgabe", "resultado",
    "salida", "resultat", "sortie", "risultato", "uscita", "saida", "resultaat", "uitvoer", "wynik",
    "результат", "结果", "輸出", "输出", "結果", "出力", "결과", "출력", "نتيجة", "परिणाम",
))  # fmt: skip
"""Those of them that hold what a model said where a file has passages that it could read."""


@cache
def is_foreign_answer(name: str) -> bool:
    """Return whether a name says `expected answer` in another language than English."""
    if _IN_ASIA.search(unicodedata.normalize("NFKC", name).casefold().replace("_", " ")):
        return True
    words = _words(name)
    if len(words) == 1 and words <= _ALONE:
        return True
    heads = {word for word in words if word.startswith(_HEADS)}
    tails = {word for word in words - heads if word.startswith(_TAILS)}
    return bool(heads and tails) and words == heads | tails


_ANSWERS = frozenset((
    "answer", "answers", "ans", "response", "responses", "solution", "solutions", "reference",
    "references", "reply",
))  # fmt: skip
_OF_A_REPLY = frozenset((
    "model", "actual", "predicted", "prediction", "generated", "llm", "assistant", "bot", "ai",
    "agent", "wrong", "incorrect", "bad", "negative", "rejected", "previous", "student", "user",
    "hallucinated", "chosen", "candidate", "system", "no", "num", "has", "is", "first", "second",
))  # fmt: skip
"""Words of a name that say that it is no reference, or no text."""

_LANGUAGES = frozenset((
    "en", "de", "fr", "es", "it", "pt", "nl", "ko", "ja", "zh", "ru", "pl", "text", "idx", "index",
    "letter", "option", "choice", "id",
))  # fmt: skip
"""What may stand behind the word for an answer."""


def _ends_as_answer(name: str) -> bool:
    """Return whether the words of a name end in an answer."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = _WORDS.findall(_folded(spaced))
    if not words or _OF_A_REPLY & set(words) or words[-1] == "id":
        return False
    while len(words) > 1 and words[-1] in _LANGUAGES:
        words.pop()
    return words[-1] in _ANSWERS and len(words) < 4


@cache
def may_be_answer(name: str, *, has_contexts: bool) -> bool:
    """Return whether a name is that of a reference in some files, and of something else in more."""
    folded = _folded(name).replace(" ", "").replace("-", "")
    if has_contexts and folded in _OF_A_MODEL:
        return False
    if folded in _GENERIC or _NUMBERED.fullmatch(folded) is not None:
        return True
    return _ends_as_answer(name)


def _words(name: str) -> set[str]:
    """Return the words of a name without accents and fillers."""
    return set(_WORDS.findall(_folded(name))) - _FILLERS


def _folded(name: str) -> str:
    """Return a name in small letters, without accents of Latin letters, in words."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", name)).casefold()
    text = text.replace("_", " ").replace("ł", "l").replace("\u0131", "i").replace("ß", "ss")
    letters = unicodedata.normalize("NFD", text)
    # A mark of another script is a part of its letter.
    plain = re.sub(r"(?<=[a-z])[\u0300-\u036f]+", "", letters)
    return unicodedata.normalize("NFC", plain).strip()


_FURTHER = frozenset((
    "alt", "alts", "alternate", "alternates", "alternative", "alternatives", "also", "other",
    "others", "additional", "further", "another", "extra", "secondary", "synonym", "synonyms",
    "variant", "variants", "alias", "aliases", "equivalent", "equivalents", "acceptable", "allowed",
    "valid", "possible", "permitted", "permissible", "optional", "accepted",
))  # fmt: skip
_OF_ANSWERS = frozenset((
    "answer", "answers", "ans", "solution", "solutions", "expected", "accepted", "correct", "right",
    "gold", "golden", "truth", "ideal", "acceptable", "ok", "reference", "references",
))  # fmt: skip
_OF_OUTPUTS = frozenset(("output", "outputs", "response", "responses", "reply", "replies"))
_ALTERNATIVE = ("alt", "acceptable", "accepted", "valid", "synonym", "equivalent", "also")
_ALIASES = frozenset(("aliases", "answeraliases", "accepted"))
_ELSEWHERE = re.compile(
    r"(?:alternativ\w*|weitere\w*|andere\w*|auch|autres?|aussi|otras?|tambien|altre|altra|outras?|"
    r"zusatzliche\w*)\s*(?:antwort|losung|richtig|korrekt|respuesta|reponse|risposta|resposta|"
    r"correct|gultig)|(?:respuesta|reponse|risposta|resposta|antwort)\w*\s*(?:altern|variant)"
    r"|备选答案|備選答案|其他答案|别名|別解|別答|대체 답변|복수 정답|другие ответы|альтернативн"
)


@cache
def is_further_answer(name: str) -> bool:
    """Return whether a name says that it holds answers that are right, too."""
    folded = _folded(name).replace("-", " ")
    words = set(_WORDS.findall(folded)) - {"the", "of", "as", "list"}
    if folded.replace(" ", "") in _ALIASES or _ELSEWHERE.search(folded):
        return True
    if not words & _FURTHER or not words <= _FURTHER | _OF_ANSWERS | _OF_OUTPUTS:
        return False
    if words & _OF_OUTPUTS:
        return any(word.startswith(_ALTERNATIVE) for word in words)
    return len(words) > 1 and bool(words & _OF_ANSWERS)
