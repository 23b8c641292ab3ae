"""The errors this tool ends with, and their exit codes."""


class Fault(Exception):
    """Something went wrong: what and where, and how to mend it."""

    exit_code = 1

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message)
        self.hint = hint


class WrongUse(Fault):
    """The command line or a blueprint asks for what cannot be."""

    exit_code = 2


class HostLacks(Fault):
    """The machine lacks a tool; `package` is the Debian package that has it."""

    exit_code = 3

    def __init__(self, message: str, package: str):
        super().__init__(message, f"apt install {package}")
