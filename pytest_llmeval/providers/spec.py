"""What a kind of provider can do, and what a provider is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pytest_llmeval.protocols import BaseProvider

Service = Literal["chat", "embedding"]


@dataclass(frozen=True)
class Timeouts:
    """Limits on the steps of one call, in seconds. The engine bounds the whole call.

    Attributes:
        connect_s: To connect.
        read_s: To wait for the next bytes of the answer.
        write_s: To send the next bytes of the request.
    """

    connect_s: float = 10.0
    read_s: float = 60.0
    write_s: float = 30.0


@dataclass(frozen=True)
class ProviderRequest:
    """What a provider is made from.

    Attributes:
        spec: The specification as the user wrote it, paths resolved.
        place: The option that holds it, for error texts.
        environ: The environment, for API keys.
        base_url: Base URL of its endpoint, or a list of them; ``None`` for the default.
        timeouts: Limits on one call.
        is_judge: Whether it judges, and so has the judge's key.
        juror: Its number in the jury, from 1; 0 outside a jury.
        model_url: Base URL of the model under test, whose keys fit an equal base URL.
        judge_url: Base URL of the judge, whose key fits an equal base URL.
        served_url: Base URL of another process that already serves the same specification.
        service: What it is called for.
        is_called: Whether it will ever be called. In a run that only replays it is not, and so
            needs neither a key nor the file of a model.
    """

    spec: str
    place: str
    environ: Mapping[str, str] = field(default_factory=dict)
    base_url: str | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    is_judge: bool = False
    juror: int = 0
    model_url: str | None = None
    judge_url: str | None = None
    served_url: str | None = None
    service: Service = "chat"
    is_called: bool = True

    @property
    def rest(self) -> str:
        """What stands behind the prefix of the specification."""
        return self.spec.partition(":")[2]


@dataclass(frozen=True)
class ProviderSpec:
    """One kind of provider.

    Attributes:
        prefix: What its specifications begin with.
        form: How they are written, for error texts.
        make: Makes one, after checking that its package is installed. Nothing is sent.
        is_model: Whether it is a bare model, which can judge and follows the generation settings.
        needs_url: Whether it is called at a base URL, with a key of its own for every role. Any
            other provider is made once for all roles.
        serves_others: Whether one process can serve it for others; see `BaseProvider.serve`.
        names_file: Whether the rest of a specification may be the path of a file.
        takes_rest: Whether something must stand behind the prefix; else nothing may.
    """

    prefix: str
    form: str
    make: Callable[[ProviderRequest], BaseProvider]
    is_model: bool = False
    needs_url: bool = False
    serves_others: bool = False
    names_file: bool = False
    takes_rest: bool = True
