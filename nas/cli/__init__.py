"""The command line: ``nas`` and ``python -m nas``."""

from nas.cli.app import main

__all__ = ["main"]
