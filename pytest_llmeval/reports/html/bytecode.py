"""Compiled templates, kept where Python keeps compiled modules.

To compile them takes longer than to write a page.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

import jinja2
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class CompiledTemplates(BytecodeCache):
    """The bytecode of the templates of one folder.

    The cache of files that Jinja has itself reads pickles.
    """

    def __init__(self, folder: Path, made_by: Path) -> None:
        """Make a cache.

        Args:
            folder: The folder of the templates.
            made_by: The module that makes the environment, which compiled templates depend on.
        """
        self._folder = folder
        self._environment = hashlib.sha256(made_by.read_bytes()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take the bytecode if this Jinja compiled it from this template in this environment."""
        with suppress(OSError, EOFError, ValueError, TypeError):
            origin, code = marshal.loads(self._path(bucket).read_bytes())
            if origin == self._origin(bucket):
                bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write the bytecode, unless Python is to write none or the folder is read-only."""
        if sys.dont_write_bytecode:
            return
        path = self._path(bucket)
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(marshal.dumps((self._origin(bucket), bucket.code)))
            temporary.replace(path)

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """Return the name of the template, which is unique in its folder."""
        return name

    def _origin(self, bucket: Bucket) -> tuple[str, str, str]:
        return bucket.checksum, jinja2.__version__, self._environment

    def _path(self, bucket: Bucket) -> Path:
        return Path(cache_from_source(str(self._folder / bucket.key)))
