"""The refusals of the house: what a person hears when something cannot be done.

Every message is a Dutch sentence for the person who reads it; the web translates it. `N_` marks a sentence
for translation where it is written, and values are filled in after translation.
"""

from typing import ClassVar


def N_(message: str) -> str:
    """Mark `message` for translation; returns it unchanged."""
    return message


class Refusal(Exception):
    """Something the caller asked for cannot be done; nothing was changed."""

    status: ClassVar[int] = 400

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message)
        self.message = message
        self.values = values

    def __str__(self) -> str:
        return self.message % self.values if self.values else self.message


class NotFound(Refusal):
    """It does not exist, or the asker may not know that it exists."""

    status = 404

    def __init__(self, message: str = N_("Deze pagina bestaat niet of niet meer."), **values: object) -> None:
        super().__init__(message, **values)


class NotSignedIn(Refusal):
    """Nobody is signed in any more; what was typed is shown again."""

    status = 401

    def __init__(
        self,
        message: str = N_("Je bent niet meer aangemeld. Er is niets bewaard; wat je typte, staat hieronder."),
        **values: object,
    ) -> None:
        super().__init__(message, **values)


class NotAllowed(Refusal):
    """It exists, and the asker may know, but may not do this."""

    status = 403

    def __init__(self, message: str = N_("Je hebt geen toegang tot deze pagina."), **values: object) -> None:
        super().__init__(message, **values)


class Invalid(Refusal):
    """A value cannot be accepted; `field` names which one, `others` what else is wrong in the same form."""

    status = 422

    def __init__(self, field: str, message: str, **values: object) -> None:
        super().__init__(message, **values)
        self.field = field
        self.others: tuple[Invalid, ...] = ()

    @property
    def every(self) -> "tuple[Invalid, ...]":
        """This one and the others, in the order of the form."""
        return (self, *self.others)


def refuse(wrong: "list[Invalid]") -> None:
    """Raise the first of these, carrying the others; do nothing when there are none."""
    if wrong:
        wrong[0].others = tuple(wrong[1:])
        raise wrong[0]


class Conflict(Refusal):
    """Somebody else changed it first; `current` is what stands now."""

    status = 409

    def __init__(self, message: str, current: object = None, **values: object) -> None:
        super().__init__(message, **values)
        self.current = current


class TooMany(Refusal):
    """Too often in too short a time; try again after `seconds`."""

    status = 429

    def __init__(self, message: str, seconds: int, **values: object) -> None:
        super().__init__(message, seconds=seconds, **values)
        self.seconds = seconds


class Unreachable(Refusal):
    """Another service that is needed for this does not answer; later it may."""

    status = 503


class ImportRefused(Refusal):
    """A file could not be imported; `rows` lists every bad row as (line, field, message). Nothing was written."""

    status = 422

    def __init__(self, rows: list[tuple[int, str, str]]) -> None:
        super().__init__(N_("Het bestand is niet ingelezen. Rijen met fouten: %(count)s."), count=len(rows))
        self.rows = rows
