"""Settings: read once from the environment; a wrong value stops the start with a sentence that names the variable."""

import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What may differ from place to place. `PORT` aside, every variable is named MEDESTANDERS_….

    `demo` is on unless MEDESTANDERS_DEMO=0, which means production: a secret key is then required, cookies travel
    over https only, and demo accounts keep the service from starting.
    """

    model_config = SettingsConfigDict(env_prefix="MEDESTANDERS_", extra="ignore")

    port: int = Field(8000, ge=1, le=65_535, validation_alias="PORT")
    data: Path = Path("instance")
    encoder: str | None = None
    demo: bool = True
    smtp_url: str | None = None
    trusted_proxies: int = Field(0, ge=0, le=10)
    secret_key: str | None = None
    former_secret_key: str | None = None
    url: str | None = None
    contact: str | None = None
    workers: int = Field(1, ge=1, le=64)
    similar_per_second: int = Field(100, ge=1)
    local_accounts: bool = True
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = None
    oidc_scopes: str = "openid profile vo"
    oidc_rights: str | None = None
    oidc_member: str = "MedestandersGebruiker"
    oidc_coordinator: str = "MedestandersCoordinator"

    @field_validator(
        *(
            "encoder",
            "smtp_url",
            "contact",
            "secret_key",
            "former_secret_key",
            "url",
            "oidc_issuer",
            "oidc_client_id",
            "oidc_client_secret",
            "oidc_rights",
        ),
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, given: str | None) -> str | None:
        return given or None

    @field_validator("smtp_url")
    @classmethod
    def _smtp_or_smtps(cls, given: str | None) -> str | None:
        if given is not None and not _leads_somewhere(given, {"smtp", "smtps"}):
            raise ValueError("write smtp://[user:password@]host[:port], or smtps:// for TLS from the start")
        return given

    @field_validator("url")
    @classmethod
    def _http_or_https(cls, given: str | None) -> str | None:
        if given is not None and not _leads_somewhere(given, {"http", "https"}):
            raise ValueError("write the address people use, such as https://medestanders.example")
        return given

    @field_validator("oidc_issuer")
    @classmethod
    def _https_but_on_this_machine(cls, given: str | None) -> str | None:
        local = given is not None and urlsplit(given).hostname in {"localhost", "127.0.0.1", "::1"}
        if given is not None and not _leads_somewhere(given, {"https", "http"} if local else {"https"}):
            raise ValueError("write the issuer as agreed, such as https://authenticatie.vlaanderen.be/op")
        return given.rstrip("/") if given else None

    @field_validator("oidc_scopes")
    @classmethod
    def _asks_for_an_id_token_and_no_national_number(cls, given: str) -> str:
        if "openid" not in given.split() or "rrn" in given.split():
            raise ValueError("write the scopes as agreed, openid among them; rrn (the national number) is never asked")
        return given

    @model_validator(mode="after")
    def _a_provider_is_whole(self) -> Self:
        names = ("oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_rights", "url")
        if self.oidc_issuer is not None:
            for name in names:
                if getattr(self, name) is None:
                    raise ValueError(f"MEDESTANDERS_{name.upper()} is needed beside MEDESTANDERS_OIDC_ISSUER")
        elif given := [name for name in names[1:4] if getattr(self, name) is not None]:
            raise ValueError(f"MEDESTANDERS_OIDC_ISSUER is needed beside MEDESTANDERS_{given[0].upper()}")
        if not self.local_accounts and self.oidc_issuer is None:
            raise ValueError("MEDESTANDERS_LOCAL_ACCOUNTS=0 needs MEDESTANDERS_OIDC_ISSUER: nobody could sign in")
        return self

    @model_validator(mode="after")
    def _production_has_a_secret(self) -> Self:
        if not self.demo and len(self.secret_key or "") < 32:
            raise ValueError("MEDESTANDERS_SECRET_KEY must hold at least 32 characters when MEDESTANDERS_DEMO=0")
        return self

    @property
    def database(self) -> Path:
        """The file that holds everything."""
        return self.data / "medestanders.sqlite"

    @property
    def snapshot(self) -> Path:
        """The file of vectors that all processes share; made again when it is missing."""
        return self.data / "medestanders.vectors"

    @property
    def home(self) -> str:
        """The address that links in letters start with."""
        return (self.url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def sender(self) -> str:
        """The address that letters come from: of the service, else of the mail server."""
        host = (urlsplit(self.url or self.smtp_url or self.home).hostname or "localhost").encode("idna").decode()
        return f"noreply@[IPv6:{host}]" if ":" in host else f"noreply@{host}"

    def session_secret(self) -> str:
        """The key that signs sessions; outside production one is made once and kept beside the database."""
        if self.secret_key:
            return self.secret_key
        self.data.mkdir(parents=True, exist_ok=True)
        kept = self.data / "secret_key"
        if not kept.exists():
            # It appears whole: on a full disk half a key would sign from then on.
            fresh = self.data / f".secret_key.{secrets.token_hex(4)}"
            try:
                with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    file.write(secrets.token_hex(32))
                with suppress(FileExistsError):
                    os.link(fresh, kept)
            finally:
                fresh.unlink(missing_ok=True)
        return kept.read_text()

    def secrets(self) -> list[str]:
        """The key in use, and the one before it, which still opens what was signed or sealed with it."""
        return [self.session_secret(), *([self.former_secret_key] if self.former_secret_key else [])]


def _leads_somewhere(url: str, schemes: set[str]) -> bool:
    """Whether this is an address with one of these schemes, a host, and a port that exists if it names one."""
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def read_settings() -> Settings:
    """The settings of this process; exits with a sentence per wrong variable."""
    try:
        return Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        for wrong in error.errors():
            name = str(wrong["loc"][0]) if wrong["loc"] else ""
            variable = name if name == "PORT" or not name else f"MEDESTANDERS_{name.upper()}"
            message = str(wrong["msg"]).removeprefix("Value error, ")
            print(f"{variable}: {message}" if variable else message, file=sys.stderr)
        raise SystemExit(1) from None
