# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, by whose mistake it is. Messages are those of the command."""


class Error(Exception):
    """Any error of truenext but the lack of memory, which is MemoryError."""


class UsageError(Error, ValueError):
    """A wrong argument, option or configuration."""


class DataError(Error, ValueError):
    """Unreadable or broken input, a failed write, items that the model does not know."""


class Interrupted(Error):
    """The work was stopped; what can be continued is saved."""


class InternalError(Error, RuntimeError):
    """A mistake of truenext; please report it."""
