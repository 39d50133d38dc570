"""The one table from what goes wrong to what is said at the terminal, with exit status 1."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import current_app

from models.errors import ImportRefused, Refusal


class Failed(click.ClickException):
    """A message for the person at the terminal; the exit status is 1."""

    def show(self, file: object = None) -> None:
        """Print the message, and nothing about how the program is made."""
        click.echo(self.message, err=True)


@contextmanager
def plainly() -> Iterator[None]:
    """Turn whatever goes wrong into a message and exit status 1."""
    try:
        yield
    except ImportRefused as refused:
        lines = [f"regel {line}{f', {name}' if name else ''}: {message}" for line, name, message in refused.rows]
        raise Failed("\n".join([*lines, f"Niets ingelezen: {len(lines)} fouten."])) from None
    except Refusal as refusal:
        raise Failed(str(refusal)) from None
    except click.ClickException:
        raise
    except Exception as fault:
        if current_app.debug:
            raise
        if "no such table" in str(fault):
            raise Failed("De databank is nog leeg. Voer eerst uit: .venv/bin/flask --app wsgi setup") from None
        raise Failed(f"Het lukte niet: {type(fault).__name__}: {fault}") from None
