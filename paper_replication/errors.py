"""The one error that means: the input is at fault, and here is what to do."""


class UserError(Exception):
    """Raised where bad input is found; its message says what was wrong, where, and what to do."""
