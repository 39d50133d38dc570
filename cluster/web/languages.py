"""Languages: which one a reader gets, and how refusals, dates and numbers are said in it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from flask import Flask, request, session
from flask_babel import Babel, get_locale, gettext, ngettext

from cluster.people import LOCALES
from cluster.web.context import member, root
from models.errors import Refusal

BRUSSELS = ZoneInfo("Europe/Brussels")
NAMES = {"nl": "Nederlands", "en": "English", "fr": "Français", "de": "Deutsch"}
# English readers know 1,000 and €1,000; the Belgian English of CLDR writes 1.000, which they take for one.
_REGIONAL = {"nl": "nl_BE", "fr": "fr_BE", "en": "en_GB", "de": "de_BE"}


def choose() -> str:
    """What the reader chose, else the member's language, else the browser's, else Dutch."""
    if request.path.startswith("/api/"):  # machines: no cookies, the public's view
        return of_browser()
    chosen = session.get("locale")
    if chosen in LOCALES:
        return str(chosen)
    asking = member()
    if asking and asking.locale in LOCALES:
        return asking.locale
    return of_browser()


def of_browser() -> str:
    """The first language of the browser that we speak, whatever its region ('nl-BE' is Dutch), else Dutch."""
    wanted = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality)
    return next((tag for tag in wanted if tag in LOCALES), "nl")


def language() -> str:
    """The language of this answer, two letters."""
    locale = get_locale()
    return locale.language if locale else "nl"


def say(refusal: Refusal) -> str:
    """A refusal in the reader's language."""
    text: str = gettext(refusal.message)
    return text % refusal.values if refusal.values else text


def _region() -> str:
    return _REGIONAL[language()]


def day(moment: str | date) -> str:
    """'4 februari 2022', '4. Februar 2022': a date or an instant (in Brussels time) as readers write it in full."""
    if isinstance(moment, str) and len(moment) == len("2022-02-04"):
        moment = date.fromisoformat(moment)
    elif isinstance(moment, str):
        moment = datetime.fromisoformat(moment).astimezone(BRUSSELS).date()
    written = format_date(moment, "long", locale=_region())
    return f"1er{written[1:]}" if language() == "fr" and moment.day == 1 else written  # which CLDR does not know


def instant(moment: str) -> str:
    """'4 februari 2022, 23:59' in Brussels time."""
    return f"{day(moment)}, {clock(moment)}"


def countdown(moment: str, now: str) -> str:
    """'Nog 12 dagen', 'Morgen om 23:59', 'Nog 3 uur': how long until an instant, counted as people in Brussels do."""
    at, present = (datetime.fromisoformat(one).astimezone(BRUSSELS) for one in (moment, now))
    left = int((at.astimezone(UTC) - present.astimezone(UTC)).total_seconds())
    if left < 0:
        return ""
    days = (at.date() - present.date()).days
    if days > 1:
        return str(ngettext("Nog %(num)s dag", "Nog %(num)s dagen", days))
    if days == 1:
        return str(gettext("Nog tot morgen %(hour)s", hour=f"{at:%H:%M}"))
    if left >= 3600:
        return str(ngettext("Nog %(num)s uur", "Nog %(num)s uur", left // 3600))
    return str(ngettext("Nog %(num)s minuut", "Nog %(num)s minuten", max(left // 60, 1)))


def in_sentence(name: str) -> str:
    """A name as it stands inside a sentence: 'Gelijk' is 'gelijk', AI stays AI, and German keeps its capitals."""
    return name if language() == "de" or name[1:2].isupper() else name[:1].lower() + name[1:]


def clock(moment: str) -> str:
    """'14:32' in Brussels time."""
    return datetime.fromisoformat(moment).astimezone(BRUSSELS).strftime("%H:%M")


def number(amount: float | None) -> str:
    """'184.000' grouped as readers of the language do."""
    return "" if amount is None else format_decimal(amount, locale=_region())


def percent(share: float) -> str:
    """'80 %', '80%': a share of a hundred as readers of the language write it."""
    return str(gettext("%(share)s %%", share=number(share)))


def bounded(count: int, at_most: int = 1_000) -> str:
    """'17', or '1.000+' for a count that stopped when it was beyond `at_most`."""
    return number(count) if count <= at_most else f"{number(at_most)}+"


def euro(amount: float | None) -> str:
    """'€ 150.000', without cents unless there are any."""
    if amount is None:
        return ""
    pattern = Locale.parse(_region()).currency_formats["standard"].pattern
    if float(amount).is_integer():
        pattern = pattern.replace(".00", "")
    return format_currency(amount, "EUR", pattern, locale=_region(), currency_digits=False)


def attach(app: Flask) -> None:
    """Make the languages known to an application and its templates."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(root() / "translations")
    app.config["BABEL_DEFAULT_LOCALE"] = "nl"
    Babel(app, locale_selector=choose)
    app.jinja_env.filters |= {"day": day, "instant": instant, "clock": clock, "in_sentence": in_sentence}
    app.jinja_env.filters |= {"number": number, "bounded": bounded, "euro": euro, "percent": percent}
    app.jinja_env.globals |= {
        "language": language,
        "language_names": {code: NAMES[code] for code in LOCALES},
        "say": say,
        "countdown": countdown,
    }


def utc_now() -> str:
    """This moment, for templates and verbs that compare instants."""
    return datetime.now(UTC).isoformat(timespec="seconds")
