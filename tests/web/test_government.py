"""Signing in with the login of the Flemish government, against a real provider that can be told to lie."""

import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlite_utils import Database

from cluster.engine.encoder import Encoder, LazyEncoder
from cluster.web import create_app
from cluster.web.settings import Settings
from data.store import transaction, value
from tests.conftest import PASSWORD, Visitor, dumped

ROOT = Path(__file__).resolve().parents[2]
HOME = "http://localhost"
RIGHTS = "medestanders_rol_3d"
GENK, ELSEWHERE = "0207469637", "0999999999"
NATIONAL = "85073003328"
PERSON = {
    "sub": "af5d-genk",
    "given_name": "Vera",
    "family_name": "Vlaming",
    "vo_id": "af5d",
    "vo_doelgroepcode": "LB",
    "vo_orgcode": GENK,
    "vo_orgnaam": "Stad Genk",
    RIGHTS: [f"MedestandersGebruiker:{GENK}", "IetsAnders:0123456789"],
}
COORDINATOR = {**PERSON, "sub": "c0-1", "vo_orgcode": "OVO001835", "vo_orgnaam": "ABB"}
COORDINATOR[RIGHTS] = ["MedestandersCoordinator:OVO001835"]


class Provider:
    """The provider as a process: who signs in next, and how it lies about it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.issuer = f"http://localhost:{port}/op"

    def tell(self, person: dict[str, Any], **lie: Any) -> None:
        body = json.dumps({"person": person, "lie": lie}).encode()
        urllib.request.urlopen(f"http://localhost:{self.port}/control", data=body, timeout=10).close()

    def settings(self, folder: Path, **more: Any) -> Settings:
        return Settings(
            data=folder,
            secret_key="s" * 40,
            url=HOME,
            oidc_issuer=self.issuer,
            oidc_client_id="medestanders",
            oidc_client_secret="a secret of the test",
            oidc_scopes="openid profile vo medestanders",
            oidc_rights=RIGHTS,
            **more,
        )


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """npm's oidc-provider, for the tests of this module; without it they fail."""
    assert (ROOT / "node_modules" / "oidc-provider").exists(), "oidc-provider is missing. Install it with: npm ci"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = ["node", str(ROOT / "tests" / "web" / "provider.mjs"), str(port), HOME]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        yield Provider(port)
        process.kill()


@pytest.fixture
def app(tmp_path: Path, kept: Path, encoder: Encoder, provider: Provider) -> Iterator[Flask]:
    """The application with this provider; Genk has a KBO number."""
    yield from served(provider.settings(tmp_path), kept, encoder)


def served(settings: Settings, kept: Path, encoder: Encoder) -> Iterator[Flask]:
    (settings.data / "medestanders.sqlite").write_bytes((kept / "medestanders.sqlite").read_bytes())
    app = create_app(settings)
    services = app.extensions["medestanders"]
    services.encoder = LazyEncoder(lambda: encoder)
    with transaction(services.db()):
        services.db().execute("update organisations set kbo = ? where name = 'Genk'", [GENK])
    yield app
    services.close()


def at_provider(address: str) -> str:
    """Follow somebody through the provider's pages, and return where it sends them back to."""
    with requests.Session() as browser:
        for _ in range(8):
            answer = browser.get(address, allow_redirects=False, timeout=10)
            assert answer.status_code in {302, 303}, f"{address}: {answer.status_code} {answer.text[:500]}"
            address = requests.compat.urljoin(address, answer.headers["Location"])
            if address.startswith(f"{HOME}/"):
                return address.removeprefix(HOME)
    raise AssertionError("the provider goes round in circles")


def go(visitor: Visitor, *, then: str = "") -> str:
    """Go to the provider and come back; the address of the callback, not yet visited."""
    answer = visitor.client.get("/sign-in/government" + (f"?next={then}" if then else ""))
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return at_provider(answer.headers["Location"])


def sign_in(visitor: Visitor, *, status: int = 303, then: str = "") -> Any:
    answer = visitor.client.get(go(visitor, then=then))
    assert answer.status_code == status, answer.get_data(as_text=True)[:3000]
    return visitor.get(answer.headers["Location"]) if status == 303 else visitor._checked(answer, status)


def last_link(db: Database) -> str:
    found = re.search(r"medestanders:/(\S+)", value(db, "select body from letters order by id desc"))
    assert found is not None
    return f"/{found[1]}"


def with_account(page: Callable[..., Visitor], provider: Provider, db: Database, person: dict[str, Any]) -> Visitor:
    """A visitor who came with the provider, opened an account by the letter, and signed in."""
    provider.tell(person)
    visitor = page()
    assert sign_in(visitor).h1.text == "Hoe bereiken we je?"
    visitor.submit("/sign-in/government/account", email=f"{person['sub']}@genk.example")
    link = last_link(db)
    visitor.submit(link, name=f"{person['given_name']} {person['family_name']}", locale="nl")
    sign_in(visitor)
    return visitor


def test_an_account_comes_of_the_login_and_a_letter_and_opens_by_the_login_alone(
    app: Flask, page: Callable[..., Visitor], provider: Provider, app_db: Database
) -> None:
    members = value(app_db, "select count(*) from members")
    provider.tell({**PERSON, "rrn": NATIONAL})
    visitor = page()
    shown = sign_in(visitor)
    assert "aangemeld voor Genk" in shown.text
    assert value(app_db, "select count(*) from members") == members
    visitor.submit("/sign-in/government/account", status=422, email="geen adres")
    assert visitor.submit("/sign-in/government/account", email="vera@genk.example").h1.text == "Kijk je e-mail na"
    shown = visitor.get(last_link(app_db))
    assert shown.select_one("#name")["value"] == "Vera Vlaming"
    assert not shown.select("input[type=password]")
    visitor.submit(last_link(app_db), status=422, name="", locale="nl")
    shown = visitor.submit(last_link(app_db), name="Vera V.", locale="nl", standing_consent="yes")
    assert shown.h1.text == "Aanmelden"  # the letter opens the account, it lets nobody in
    assert visitor.client.get("/account").status_code == 302
    visitor.get(last_link(app_db), status=404)

    shown = sign_in(page(), then="/ideas/new")
    assert shown.h1.text == "Plaats je idee"
    assert "Vera V. (Genk)" in shown.text
    assert value(app_db, "select count(*) from members") == members + 1
    assert NATIONAL not in dumped(app_db)


def test_the_role_follows_the_login_and_the_right_holds_for_one_organisation(
    page: Callable[..., Visitor], provider: Provider, app_db: Database
) -> None:
    visitor = with_account(page, provider, app_db, COORDINATOR)
    assert visitor.get("/members").h1.text == "Leden"
    demoted = {**COORDINATOR, "vo_orgcode": GENK, RIGHTS: [f"MedestandersGebruiker:{GENK}"]}
    provider.tell(demoted)
    again = page()
    sign_in(again)
    assert again.client.get("/members").status_code == 403
    assert visitor.client.get("/members").status_code == 403
    provider.tell({**demoted, RIGHTS: [f"MedestandersCoordinator:{ELSEWHERE}", f"MedestandersGebruiker:{GENK}"]})
    sign_in(again := page())
    assert again.client.get("/members").status_code == 403


def test_who_lost_the_right_is_out_everywhere(
    page: Callable[..., Visitor], provider: Provider, app_db: Database
) -> None:
    visitor = with_account(page, provider, app_db, PERSON)
    assert visitor.client.get("/account").status_code == 200
    provider.tell({**PERSON, RIGHTS: []})
    shown = sign_in(page(), status=403)
    assert "MedestandersGebruiker" in shown.text
    assert visitor.client.get("/account").status_code == 302
    provider.tell(PERSON)
    with transaction(app_db):
        app_db.execute("update members set active = 0 where email like 'af5d%'")
    assert "account is gesloten" in sign_in(page(), status=403).text


def test_an_account_stays_with_its_organisation_through_a_merger_and_no_further(
    page: Callable[..., Visitor], provider: Provider, app_db: Database
) -> None:
    with_account(page, provider, app_db, PERSON)
    with transaction(app_db):
        app_db.execute("update organisations set kbo = ? where name = 'Aalter'", [ELSEWHERE])
    moved = {**PERSON, "vo_orgcode": ELSEWHERE, RIGHTS: [f"MedestandersGebruiker:{ELSEWHERE}"]}
    provider.tell(moved)
    shown = sign_in(page(), status=403)
    assert "hoort bij Genk" in shown.text
    with transaction(app_db):
        app_db.execute(
            """update organisations set successor_id = (select id from organisations where name = 'Aalter')
            where name = 'Genk'"""
        )
    assert "(Aalter)" in sign_in(page()).text
    provider.tell(PERSON)  # the code of before the merger leads to the same
    assert "(Aalter)" in sign_in(page()).text


def test_an_address_that_has_an_account_is_told_by_letter_alone(
    page: Callable[..., Visitor], provider: Provider, app_db: Database
) -> None:
    members = value(app_db, "select count(*) from members")
    provider.tell(PERSON)
    visitor = page()
    sign_in(visitor)
    shown = visitor.submit("/sign-in/government/account", email="genk@test.example")
    assert shown.h1.text == "Kijk je e-mail na"
    assert value(app_db, "select subject from letters order by id desc") == "Je hebt al een account"
    assert last_link(app_db) == "/account/security"
    assert value(app_db, "select count(*) from members") == members
    assert value(app_db, "select count(*) from identities") == 0


def test_an_account_with_a_password_is_linked_by_who_is_signed_in_to_it(
    page: Callable[..., Visitor], provider: Provider, app_db: Database
) -> None:
    provider.tell(PERSON)
    visitor = page("genk")
    token = visitor.get("/account/security").select_one("form[action='/account/government'] input")["value"]
    answer = visitor.client.post("/account/government", data={"csrf_token": token})
    back = visitor.client.get(at_provider(answer.headers["Location"]))
    assert back.headers["Location"] == "/account/security"
    assert "Gekoppeld sinds" in visitor.get("/account/security").text
    assert value(app_db, "select subject from letters order by id desc").startswith("Je meldt je nu ook aan via")
    assert "Dag Genk" in sign_in(page()).h1.text

    other = page("aalter")
    answer = other.client.post(
        "/account/government",
        data={"csrf_token": other.get("/account").select_one("input[name=csrf_token]")["value"]},
    )
    assert other.client.get(at_provider(answer.headers["Location"])).status_code == 409
    provider.tell({**PERSON, "sub": "another"})
    answer = other.client.post(
        "/account/government",
        data={"csrf_token": other.get("/account").select_one("input[name=csrf_token]")["value"]},
    )
    assert other.client.get(at_provider(answer.headers["Location"])).status_code == 403
    assert value(app_db, "select count(*) from identities") == 1


LIES: dict[str, tuple[dict[str, Any], dict[str, Any], int]] = {
    "nonce": ({}, {"claims": {"nonce": "another"}}, 400),
    "no-nonce": ({}, {"drops": ["nonce"]}, 400),
    "aud": ({}, {"claims": {"aud": "somebody-else"}}, 400),
    "aud-with-azp": ({}, {"claims": {"aud": "somebody-else", "azp": "medestanders"}}, 400),
    "iss": ({}, {"claims": {"iss": "https://evil.example/op"}}, 400),
    "expired": ({}, {"claims": {"exp": int(time.time()) - 3600, "iat": int(time.time()) - 7200}}, 400),
    "no-expiry": ({}, {"drops": ["exp"]}, 400),
    "alg-none": ({}, {"alg": "none"}, 400),
    "alg-hs256-with-our-secret": ({}, {"alg": "HS256"}, 400),
    "other-key": ({}, {"key": "other"}, 400),
    "unknown-key": ({}, {"key": "unknown"}, 400),
    "no-id-token": ({}, {"without": True}, 400),
    "unknown-organisation": ({"vo_orgcode": ELSEWHERE, RIGHTS: [f"MedestandersGebruiker:{ELSEWHERE}"]}, {}, 403),
    "no-organisation": ({"vo_orgcode": None}, {}, 403),
    "missing-role": ({RIGHTS: None}, {}, 403),
    "role-elsewhere": ({RIGHTS: [f"MedestandersGebruiker:{ELSEWHERE}"]}, {}, 403),
    "role-of-another-shape": ({RIGHTS: {"MedestandersGebruiker": GENK}}, {}, 403),
    "refused-there": ({}, {"refuses": True}, 403),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_a_refusal_page_and_makes_no_account(
    page: Callable[..., Visitor], provider: Provider, app_db: Database, lie: str
) -> None:
    person, told, status = LIES[lie]
    with_account(page, provider, app_db, PERSON)
    before = {table: value(app_db, f"select count(*) from {table}") for table in ("members", "sessions", "arrivals")}
    provider.tell({**PERSON, **person}, **told)
    visitor = page()
    shown = sign_in(visitor, status=status)
    assert shown.h1.text in {"Niet gelukt", "Geen toegang"}
    assert "Traceback" not in shown.text
    assert visitor.client.get("/account").status_code == 302
    after = {table: value(app_db, f"select count(*) from {table}") for table in before}
    # Who lost the right, or is of no organisation we know, is out with all sessions; nobody is in who was not.
    assert (after["members"], after["arrivals"]) == (before["members"], before["arrivals"])
    assert after["sessions"] <= before["sessions"]


@pytest.mark.parametrize("state", ["", "forged", None])
def test_an_unknown_state_is_refused(
    page: Callable[..., Visitor], provider: Provider, app_db: Database, state: str | None
) -> None:
    provider.tell(PERSON)
    visitor = page()
    back = go(visitor)
    forged = re.sub(r"state=[^&]*", "" if state is None else f"state={state}", back)
    assert visitor.get(forged, status=400).h1.text == "Niet gelukt"
    assert page().get(back, status=400).h1.text == "Niet gelukt"  # the state of another browser
    assert visitor.get("/sign-in/government/callback", status=400)
    assert value(app_db, "select count(*) from arrivals") == 0


def test_an_answer_of_another_issuer_is_refused(page: Callable[..., Visitor], provider: Provider) -> None:
    provider.tell(PERSON)
    visitor = page()
    back = re.sub(r"iss=[^&]*", "iss=https%3A%2F%2Fevil.example", go(visitor))
    assert visitor.get(back, status=400)


def test_a_code_works_once(app: Flask, page: Callable[..., Visitor], provider: Provider) -> None:
    provider.tell(PERSON)
    visitor = page()
    back = go(visitor)
    with visitor.client.session_transaction() as session:
        state = dict(session)
    assert visitor.client.get(back).status_code == 303
    assert visitor.get(back, status=400)  # the state was used
    with visitor.client.session_transaction() as session:
        session.clear()
        session.update(state)
    assert visitor.get(back, status=400)  # and so was the code
    assert visitor.client.get("/account").status_code == 302


@pytest.mark.parametrize(("lie", "status"), [("down", 503), ("garbage", 400)])
def test_a_provider_that_is_down_is_a_page_and_not_a_fault(
    tmp_path: Path, kept: Path, encoder: Encoder, provider: Provider, lie: str, status: int
) -> None:
    provider.tell(PERSON, **{lie: True})
    for app in served(provider.settings(tmp_path), kept, encoder):
        shown = Visitor(app.test_client()).get("/sign-in/government", status=503)
        assert "antwoordt niet" in shown.text
        provider.tell(PERSON)
        visitor = Visitor(app.test_client())
        back = go(visitor)  # nothing of the failure was kept
        provider.tell(PERSON, **{lie: True})
        assert visitor.get(back, status=status)
        assert Visitor(app.test_client()).get("/sign-in").h1.text == "Aanmelden"


def test_a_provider_that_nobody_listens_for_is_a_page_too(
    tmp_path: Path, kept: Path, encoder: Encoder, provider: Provider
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = Provider(int(probe.getsockname()[1]))
    for app in served(nobody.settings(tmp_path), kept, encoder):
        assert Visitor(app.test_client()).get("/sign-in/government", status=503)


def test_a_provider_that_says_to_be_another_is_not_believed(
    tmp_path: Path, kept: Path, encoder: Encoder, provider: Provider
) -> None:
    provider.tell(PERSON)
    settings = provider.settings(tmp_path)
    settings.oidc_issuer = f"http://127.0.0.1:{provider.port}/op"
    for app in served(settings, kept, encoder):
        assert Visitor(app.test_client()).get("/sign-in/government", status=400)


@pytest.mark.parametrize("then", ["https://evil.example", "//evil.example", "/%5Cevil.example"])
def test_nobody_is_sent_elsewhere_afterwards(
    page: Callable[..., Visitor], provider: Provider, app_db: Database, then: str
) -> None:
    with_account(page, provider, app_db, PERSON)
    assert sign_in(page(), then=then).h1.text.startswith("Dag")


def test_signing_out_leads_on_to_the_provider(
    page: Callable[..., Visitor], provider: Provider, app_db: Database
) -> None:
    visitor = with_account(page, provider, app_db, PERSON)
    answer = visitor.client.get("/account")
    token = re.search(r'csrf_token" value="([^"]+)', answer.get_data(as_text=True))
    assert token is not None
    policy = answer.headers["Content-Security-Policy"]
    assert f"form-action 'self' http://localhost:{provider.port};" in policy
    answer = visitor.client.post("/sign-out", data={"csrf_token": token[1]})
    assert answer.headers["Location"].startswith(f"{provider.issuer}/session/end?id_token_hint=")
    with requests.get(answer.headers["Location"], timeout=10) as there:
        assert there.status_code == 200
        assert "op/session/end/confirm" in there.text
    assert visitor.client.get("/account").status_code == 302

    local = page("genk")
    token_of = local.get("/account").select_one("input[name=csrf_token]")["value"]
    assert local.client.post("/sign-out", data={"csrf_token": token_of}).headers["Location"] == "/"


def test_signing_out_works_when_the_provider_is_away(
    page: Callable[..., Visitor], provider: Provider, app: Flask, app_db: Database
) -> None:
    visitor = with_account(page, provider, app_db, PERSON)
    client = app.extensions["authlib.integrations.flask_client"].create_client("government")
    client.server_metadata.pop("_loaded_at")
    provider.tell(PERSON, down=True)
    assert visitor.submit("/sign-out", at="/account").h1
    assert visitor.client.get("/account").status_code == 302


def test_a_coordinator_by_the_provider_needs_no_second_step_here(
    page: Callable[..., Visitor], provider: Provider, app: Flask, app_db: Database
) -> None:
    visitor = with_account(page, provider, app_db, COORDINATOR)
    app.extensions["medestanders"].settings.demo = False
    assert visitor.client.get("/members").status_code == 200
    assert page("coordinator").client.get("/members").status_code == 303


def test_local_accounts_can_be_switched_off(tmp_path: Path, kept: Path, encoder: Encoder, provider: Provider) -> None:
    for app in served(provider.settings(tmp_path, local_accounts=False), kept, encoder):
        visitor = Visitor(app.test_client())
        shown = visitor.get("/sign-in")
        assert not shown.select("input[type=password]")
        assert shown.find("a", href="/sign-in/government")
        visitor.submit("/sign-in", status=403, email="genk@test.example", password=PASSWORD)
        for address in ("/reset-password", "/reset-password/token", "/welcome/token", "/ask-access"):
            visitor.get(address, status=403)
        assert Visitor(app.test_client()).sign_in("genk").client.get("/account").status_code == 302
        db = app.extensions["medestanders"].db()

        def new(app: Flask = app) -> Visitor:
            return Visitor(app.test_client())

        assert with_account(new, provider, db, PERSON).client.get("/account").status_code == 200


GOOD = {
    "OIDC_ISSUER": "https://authenticatie.vlaanderen.be/op",
    "OIDC_CLIENT_ID": "1",
    "OIDC_CLIENT_SECRET": "2",
    "OIDC_RIGHTS": RIGHTS,
    "URL": "https://medestanders.example",
}


@pytest.mark.parametrize(("changes", "named"), [
    ({}, None),
    ({"OIDC_CLIENT_SECRET": ""}, "MEDESTANDERS_OIDC_CLIENT_SECRET"),
    ({"OIDC_RIGHTS": ""}, "MEDESTANDERS_OIDC_RIGHTS"),
    ({"URL": ""}, "MEDESTANDERS_URL"),
    ({"OIDC_ISSUER": "http://authenticatie.vlaanderen.be/op"}, "MEDESTANDERS_OIDC_ISSUER"),
    ({"OIDC_ISSUER": ""}, "MEDESTANDERS_OIDC_ISSUER"),
    ({"OIDC_SCOPES": "profile"}, "MEDESTANDERS_OIDC_SCOPES"),
    ({"OIDC_SCOPES": "openid rrn"}, "MEDESTANDERS_OIDC_SCOPES"),
    (dict.fromkeys(GOOD, "") | {"LOCAL_ACCOUNTS": "0"}, "MEDESTANDERS_LOCAL_ACCOUNTS"),
    ({"LOCAL_ACCOUNTS": "perhaps"}, "MEDESTANDERS_LOCAL_ACCOUNTS"),
])  # fmt: skip
def test_wrong_settings_stop_the_start_with_their_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], changes: dict[str, str], named: str | None
) -> None:
    from cluster.web.settings import read_settings

    for name, given in {**GOOD, **changes}.items():
        monkeypatch.setenv(f"MEDESTANDERS_{name}", given)
    if named is None:
        assert read_settings().oidc_issuer == GOOD["OIDC_ISSUER"]
        return
    with pytest.raises(SystemExit):
        read_settings()
    assert named in capsys.readouterr().err


def test_where_there_is_no_such_login_its_libraries_are_not_loaded(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from cluster.web import create_app; from cluster.web.settings import Settings;"
        f"create_app(Settings(data=Path({str(tmp_path)!r}), secret_key='s' * 40));"
        "print(*{name.partition('.')[0] for name in sys.modules} & {'authlib', 'joserfc'})"
    )
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""
