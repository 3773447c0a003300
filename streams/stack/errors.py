"""What can go wrong with the local stack; every message says what, where and what to do."""


class StackError(RuntimeError):
    """The local stack cannot do what was asked. The message is one for the person at the terminal."""


class PortTakenError(StackError):
    """A port of the stack is used by another program."""


class ToolMissingError(StackError):
    """Java or Maven is missing or too old, and may not or could not be installed."""


class FetchError(StackError):
    """Maven could not bring the jars."""


class CrashedError(StackError):
    """A part of the stack ended or did not get ready in time."""
