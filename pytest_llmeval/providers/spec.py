"""The description of a kind of provider, and the request for one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pytest_llmeval.protocols import BaseProvider
from pytest_llmeval.redaction import Secrets

Service = Literal["chat", "embedding"]


@dataclass(frozen=True)
class Timeouts:
    """Time limits on the steps of one call, in seconds. The engine limits the whole call.

    Attributes:
        connect_s: Connect to the endpoint.
        read_s: Wait for the next bytes of the answer.
        write_s: Send the next bytes of the request.
    """

    connect_s: float = 10.0
    read_s: float = 60.0
    write_s: float = 30.0


@dataclass(frozen=True)
class ProviderRequest:
    """What a provider is made from.

    Attributes:
        spec: The specification as the user wrote it, paths resolved.
        origin: The setting that holds it, for error texts.
        environ: The environment, for API keys.
        base_url: Base URL of its endpoint, or several separated by spaces; ``None`` for the
            default.
        timeouts: Time limits on one call.
        is_judge: Whether it is a judge's provider, with the judge's key.
        juror: Number of the juror, from 1; 0 outside a jury.
        model_url: Base URL of the model under test. An equal base URL gets the same keys.
        judge_url: Base URL of the judge. An equal base URL gets the same key.
        served_url: Base URL of a process that already serves the same specification.
        service: Kind of call.
        url_origin: The setting that holds the base URL, for error texts.
        secrets: The secrets of the process, which learn the key and the query of the base URL.
        is_called: Whether it will be called. A run that only replays calls nothing, and so needs
            neither a key nor a model file.
        shared: What the providers of this process share, by kind.
    """

    spec: str
    origin: str
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    base_url: str | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    is_judge: bool = False
    juror: int = 0
    model_url: str | None = None
    judge_url: str | None = None
    served_url: str | None = None
    service: Service = "chat"
    url_origin: str = "--llm-base-url"
    secrets: Secrets = field(default_factory=Secrets, repr=False)
    is_called: bool = True
    shared: dict[str, Any] = field(default_factory=dict)

    @property
    def rest(self) -> str:
        """The text after the prefix of the specification."""
        return self.spec.partition(":")[2]


@dataclass(frozen=True)
class ProviderSpec:
    """One kind of provider.

    Attributes:
        prefix: Prefix of its specifications.
        form: Form of its specifications, for error texts.
        make: Makes a provider after a check that its package is installed. Nothing is sent.
        is_model: Whether it is a bare model. A model can judge and uses the generation settings.
        needs_url: Whether it is called at a base URL, with a separate key for every role. A
            provider of any other kind is made once for all roles.
        serves_others: Whether one process can serve it to others; see `BaseProvider.serve`.
        names_file: Whether the text after the prefix may be the path of a file.
        takes_rest: Whether text must follow the prefix. Otherwise none may.
    """

    prefix: str
    form: str
    make: Callable[[ProviderRequest], BaseProvider]
    is_model: bool = False
    needs_url: bool = False
    serves_others: bool = False
    names_file: bool = False
    takes_rest: bool = True
