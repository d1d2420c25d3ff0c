"""What went wrong, in one line for the user: `opts.command` prints it, without a traceback."""

import errno


class InputError(Exception):
    """Bad input from outside.

    The message is one line: in which file or option, what was expected, what was found, what to do.
    """


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while a run was under way. The message says how to go on."""


def printable(text) -> str:
    """Return a text, or anything else as one, in a single line for a terminal.

    Line ends, control characters, which can do anything to a terminal, and halves of surrogate
    pairs, which no encoding has, become escapes as in a string of Python; what can be shown stays.
    """
    text = str(text)
    if text.isprintable():
        return text
    try:
        letters = list(text)
    except SystemError:  # a damaged array of texts has code points that do not exist
        return ascii(text)[1:-1]
    characters = []
    for character in letters:
        if not character.isprintable():
            character = character.encode("unicode_escape", "surrogatepass").decode("ascii")
        characters.append(character)
    return "".join(characters)


def shortened(text: str, most: int = 80) -> str:
    """Return a text from data for a message: as it is, or its beginning if it has more letters."""
    return text if len(text) <= most else f"{text[: most - 4]} ..."


def listed(names) -> str:
    """Return names from data for a message, as many as it has room for."""
    return shortened(", ".join(str(name) for name in names), most=200)


def shown(value) -> str:
    """Return a value from data for a message: as Python writes it, but not more than 80 letters."""
    try:
        return shortened(repr(value))
    except ValueError:  # Python does not write a whole number of thousands of digits
        return f"{type(value).__name__} too long to be shown"


def is_disk_full(error: BaseException | None) -> bool:
    """Tell whether an exception, or one that led to it, says that the disk is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            return True
        error = error.__cause__ if error.__suppress_context__ else error.__context__
    return False


def reason_of(error: Exception) -> str:
    """Return in a few words, for a message that names the file, why it could not be written."""
    if is_disk_full(error):
        return "the disk is full"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror  # without the path, which may be that of a temporary file
    return " ".join(str(error).split())
