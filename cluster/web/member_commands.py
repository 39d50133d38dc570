"""Commands about members: `flask --app wsgi members …`."""

import sys

import click
from flask.cli import AppGroup

import cluster.people
from cluster.people import LOCALES
from cluster.web.context import db
from cluster.web.terminal import plainly

members = AppGroup("members", help="Members: people with an account.")


@members.command("add")
@click.argument("email")
@click.argument("name")
@click.option("--organisation", help="Whom the member acts for: a name, NIS or KBO code, or URI.")
@click.option("--coordinator", is_flag=True, help="Reviews clusters for the programme; needs no organisation.")
@click.option("--function", help="What the member does there.")
@click.option("--lang", type=click.Choice(LOCALES), default=LOCALES[0], show_default=True)
def add(email: str, name: str, organisation: str | None, coordinator: bool, function: str | None, lang: str) -> None:
    """Add a member. The password is asked twice, or read from standard input when that is no terminal."""
    with plainly():
        found = cluster.people.open_account(
            db(),
            email=email,
            name=name,
            organisation=organisation,
            coordinator=coordinator,
            function=function,
            locale=lang,
            password=_password(),
        )
        click.echo(f"{found.name} ({found.email}) kan zich aanmelden{_for(found.organisation)}.")


def _for(organisation: str | None) -> str:
    return f" voor {organisation}" if organisation else " als coördinator"


def _password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Wachtwoord", hide_input=True, confirmation_prompt="Nog eens"))
    return sys.stdin.readline().rstrip("\r\n")
