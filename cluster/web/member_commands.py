"""Commands about members: `flask --app wsgi members …`."""

import sys

import click
from flask.cli import AppGroup

import cluster.people
import cluster.second_steps
import data.people
from cluster.people import LOCALES
from cluster.web.context import db
from cluster.web.terminal import Failed, plainly

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


@members.command("reset-second-step")
@click.argument("email")
def reset_second_step(email: str) -> None:
    """Let who lost phone and recovery codes sign in with the password alone; a letter tells them."""
    with plainly():
        found = data.people.by_email(db(), email=email)
        if found is None:
            raise Failed(f"Er is geen account met {email}.")
        if not cluster.second_steps.reset_by_hand(db(), member_id=found.id):
            raise Failed(f"{found.name} heeft geen tweede stap ingesteld.")
        click.echo(f"{found.name} meldt zich aan met alleen het wachtwoord en krijgt een e-mail.")


def _for(organisation: str | None) -> str:
    return f" voor {organisation}" if organisation else " als coördinator"


def _password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Wachtwoord", hide_input=True, confirmation_prompt="Nog eens"))
    return sys.stdin.readline().rstrip("\r\n")
