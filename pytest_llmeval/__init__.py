"""Regression tests for systems built on language models.

The names here are the public ones. Each is imported when it is first used, so importing this
package is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.errors import BadReply as BadReply
    from pytest_llmeval.errors import BudgetSpent as BudgetSpent
    from pytest_llmeval.errors import CallError as CallError
    from pytest_llmeval.errors import CallRefused as CallRefused
    from pytest_llmeval.errors import CallTimeout as CallTimeout
    from pytest_llmeval.errors import EndpointDown as EndpointDown
    from pytest_llmeval.errors import GoldenFileError as GoldenFileError
    from pytest_llmeval.errors import InputError as InputError
    from pytest_llmeval.errors import LLMEvalError as LLMEvalError
    from pytest_llmeval.errors import MissingExtraError as MissingExtraError
    from pytest_llmeval.errors import NotConfiguredError as NotConfiguredError
    from pytest_llmeval.errors import NotRecorded as NotRecorded
    from pytest_llmeval.errors import NotSent as NotSent
    from pytest_llmeval.errors import RateLimited as RateLimited
    from pytest_llmeval.errors import RunLogError as RunLogError
    from pytest_llmeval.errors import SettingError as SettingError
    from pytest_llmeval.errors import Stopped as Stopped
    from pytest_llmeval.errors import StoreError as StoreError
    from pytest_llmeval.errors import Unjudged as Unjudged
    from pytest_llmeval.goldens.reading import read_cases as read_cases
    from pytest_llmeval.protocols import BaseProvider as BaseProvider
    from pytest_llmeval.protocols import BaseScorer as BaseScorer
    from pytest_llmeval.protocols import CompletionStore as CompletionStore
    from pytest_llmeval.protocols import Provider as Provider
    from pytest_llmeval.protocols import Scorer as Scorer
    from pytest_llmeval.providers.scripted import ScriptedProvider as ScriptedProvider
    from pytest_llmeval.records.call import Completion as Completion
    from pytest_llmeval.records.call import Parameters as Parameters
    from pytest_llmeval.records.call import Request as Request
    from pytest_llmeval.records.call import TokenLogprob as TokenLogprob
    from pytest_llmeval.records.call import Usage as Usage
    from pytest_llmeval.records.case import Case as Case
    from pytest_llmeval.records.case import Source as Source
    from pytest_llmeval.records.result import CaseResult as CaseResult
    from pytest_llmeval.records.run import Run as Run
    from pytest_llmeval.records.score import Scale as Scale
    from pytest_llmeval.records.score import Score as Score
    from pytest_llmeval.records.threshold import Threshold as Threshold
    from pytest_llmeval.runs.evaluate import aevaluate as aevaluate
    from pytest_llmeval.runs.evaluate import evaluate as evaluate
    from pytest_llmeval.runs.evaluation import Evaluation as Evaluation
    from pytest_llmeval.store.memory import MemoryStore as MemoryStore

__version__ = "0.1.0"

_NAMES_BY_MODULE = {
    "errors": (
        "BadReply BudgetSpent CallError CallRefused CallTimeout EndpointDown GoldenFileError "
        "InputError LLMEvalError MissingExtraError NotConfiguredError NotRecorded NotSent "
        "RateLimited RunLogError SettingError Stopped StoreError Unjudged"
    ),
    "goldens.reading": "read_cases",
    "protocols": "BaseProvider BaseScorer CompletionStore Provider Scorer",
    "providers.scripted": "ScriptedProvider",
    "records.call": "Completion Parameters Request TokenLogprob Usage",
    "records.case": "Case Source",
    "records.result": "CaseResult",
    "records.run": "Run",
    "records.score": "Scale Score",
    "records.threshold": "Threshold",
    "runs.evaluate": "aevaluate evaluate",
    "runs.evaluation": "Evaluation",
    "store.memory": "MemoryStore",
}
_MODULES = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names.split()}

__all__ = [*_MODULES, "__version__"]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
