"""Organisations and members."""

from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from data.store import change, insert, placeholders, row, rows, value
from models.people import Contact, Member, Organisation, OrganisationKind, Role

_MEMBER = """
select m.id, m.organisation_id, o.name as organisation, m.email, m.name, m.function, m.role, m.locale,
  m.standing_consent, m.session_key, m.active, m.demo
from members m left join organisations o on o.id = m.organisation_id
"""


def _member(found: dict[str, Any] | None) -> Member | None:
    if found is None:
        return None
    flags = {name: bool(found[name]) for name in ("standing_consent", "active", "demo")}
    return Member(**{**found, **flags, "role": Role(found["role"])})


def _organisation(found: dict[str, Any]) -> Organisation:
    return Organisation(**{**found, "kind": OrganisationKind(found["kind"])})


def get(db: Database, *, member_id: int) -> Member | None:
    """One member by id."""
    return _member(row(db, _MEMBER + "where m.id = ?", [member_id]))


def by_email(db: Database, *, email: str) -> Member | None:
    """One member by e-mail address, upper and lower case being the same."""
    return _member(row(db, _MEMBER + "where m.email = ?", [email.strip()]))


def by_session_key(db: Database, *, session_key: str) -> Member | None:
    """The active member whose sessions carry this key."""
    return _member(row(db, _MEMBER + "where m.session_key = ? and m.active = 1", [session_key]))


def password_hash(db: Database, *, member_id: int) -> str | None:
    """The argon2id hash, if the member signs in with a password."""
    found: str | None = value(db, "select password_hash from members where id = ?", [member_id])
    return found


def demo_members(db: Database) -> list[Member]:
    """The members that the demo added, coordinators last."""
    found = rows(db, _MEMBER + "where m.demo = 1 order by m.role desc, m.id")
    return [member for item in found if (member := _member(item))]


def coordinators(db: Database) -> list[Member]:
    """The active coordinators."""
    found = rows(db, _MEMBER + "where m.role = 'coordinator' and m.active = 1 order by m.id")
    return [member for item in found if (member := _member(item))]


def contact(db: Database, *, member_id: int) -> Contact | None:
    """What the other side of an agreed introduction may see of a member."""
    found = row(
        db,
        """select m.name, m.function, m.email, coalesce(o.name, '') as organisation
        from members m left join organisations o on o.id = m.organisation_id where m.id = ?""",
        [member_id],
    )
    return Contact(**found) if found else None


def add_member(db: Database, *, values: dict[str, Any]) -> int:
    """Add a member; the e-mail address must be new."""
    return insert(
        db,
        """insert into members (organisation_id, email, name, function, role, locale, password_hash,
          standing_consent, session_key, demo, created_at)
        values (:organisation_id, :email, :name, :function, :role, :locale, :password_hash,
          :standing_consent, :session_key, :demo, :created_at)""",
        values,
    )


def set_session_key(db: Database, *, member_id: int, session_key: str) -> None:
    """Give a member a new session key, which ends every session that carries the old one."""
    change(db, "update members set session_key = ? where id = ?", [session_key, member_id])


def set_preferences(db: Database, *, member_id: int, locale: str, standing_consent: bool) -> None:
    """Set language and standing consent."""
    change(
        db,
        "update members set locale = ?, standing_consent = ? where id = ?",
        [locale, int(standing_consent), member_id],
    )


def organisation(db: Database, *, organisation_id: int) -> Organisation | None:
    """One organisation by id."""
    found = row(db, "select * from organisations where id = ?", [organisation_id])
    return _organisation(found) if found else None


def municipalities(db: Database) -> list[Organisation]:
    """The municipalities of today, by name."""
    found = rows(
        db,
        "select * from organisations where kind = 'municipality' and valid_until is null order by name collate nocase",
    )
    return [_organisation(item) for item in found]


def provinces(db: Database) -> list[str]:
    """The provinces that municipalities of today lie in, by name."""
    found = rows(
        db,
        """select distinct province from organisations
        where kind = 'municipality' and valid_until is null and province is not null order by province""",
    )
    return [item["province"] for item in found]


def find_organisation(db: Database, *, text: str) -> Organisation | None:
    """The organisation of today behind a URI, NIS or KBO or OVO code, or a name of today or of before a merger.

    A former municipality answers with the one it merged into. Municipalities win over bodies of the same name.
    """
    text = text.strip()
    found = row(
        db,
        """select o.* from organisations o
        left join organisation_names n on n.organisation_id = o.id
        where o.uri = :text or n.nis = :text or n.kbo = :text or n.ovo = :text or n.name = :text collate nocase
          or o.name = :text collate nocase
        order by o.kind = 'municipality' desc, o.valid_until is null desc, n.valid_until is null desc limit 1""",
        {"text": text},
    )
    while found and found["successor_id"]:
        found = row(db, "select * from organisations where id = ?", [found["successor_id"]])
    return _organisation(found) if found else None


def family(mark: str) -> str:
    """SQL for the ids of an organisation and of all that merged into it; `mark` stands for its id."""
    return f"""select id from (with recursive family (id) as (
      select {mark} union select o.id from organisations o join family f on o.successor_id = f.id
    ) select id from family)"""


def today(db: Database, *, organisation_id: int) -> Organisation | None:
    """The organisation, or the one it lives on in after a merger."""
    found = organisation(db, organisation_id=organisation_id)
    while found and found.successor_id:
        found = organisation(db, organisation_id=found.successor_id)
    return found


def name_for_import(db: Database, *, organisation_id: int) -> str:
    """What `find_organisation` finds it by again, after a merger too: its name, or its URI if others bear the name."""
    found, living = organisation(db, organisation_id=organisation_id), today(db, organisation_id=organisation_id)
    if found is None:
        return ""
    return found.name if find_organisation(db, text=found.name) == living else found.uri


def stands_for(db: Database, *, organisation_id: int) -> list[Organisation]:
    """The municipalities an intermunicipal body acts for, by name."""
    found = rows(
        db,
        """select o.* from stands_for s join organisations o on o.id = s.municipality_id
        where s.body_id = ? order by o.name collate nocase""",
        [organisation_id],
    )
    return [_organisation(item) for item in found]


def reach(db: Database, *, organisation_ids: Sequence[int]) -> list[Organisation]:
    """The municipalities behind these organisations, each once: themselves, and those that bodies stand for."""
    marks = placeholders(len(organisation_ids))
    found = rows(
        db,
        f"""select * from organisations where kind = 'municipality' and id in (
          select id from organisations where id in ({marks})
          union select municipality_id from stands_for where body_id in ({marks}))
        order by name collate nocase""",
        [*organisation_ids, *organisation_ids],
    )
    return [_organisation(item) for item in found]


def count_organisations(db: Database) -> int:
    """How many organisations are known, those of before a merger included."""
    return int(value(db, "select count(*) from organisations"))


def add_organisation(db: Database, *, values: dict[str, Any]) -> int:
    """Add or refresh an organisation by its URI and return its id."""
    db.execute(
        """insert into organisations (uri, kind, name, province, nis, kbo, ovo, inhabitants, lat, lon,
          valid_from, valid_until)
        values (:uri, :kind, :name, :province, :nis, :kbo, :ovo, :inhabitants, :lat, :lon, :valid_from, :valid_until)
        on conflict (uri) do update set kind = excluded.kind, name = excluded.name, province = excluded.province,
          nis = excluded.nis, kbo = excluded.kbo, ovo = excluded.ovo, inhabitants = excluded.inhabitants,
          lat = excluded.lat, lon = excluded.lon, valid_from = excluded.valid_from,
          valid_until = excluded.valid_until""",
        values,
    )
    return int(value(db, "select id from organisations where uri = ?", [values["uri"]]))


def set_names(db: Database, *, organisation_id: int, names: Sequence[dict[str, Any]]) -> None:
    """Replace the history of names and codes of an organisation."""
    change(db, "delete from organisation_names where organisation_id = ?", [organisation_id])
    for name in names:
        db.execute(
            """insert into organisation_names (organisation_id, name, nis, kbo, ovo, valid_from, valid_until)
            values (:organisation_id, :name, :nis, :kbo, :ovo, :valid_from, :valid_until)""",
            {**name, "organisation_id": organisation_id},
        )


def set_stands_for(db: Database, *, body_id: int, municipality_ids: Sequence[int]) -> None:
    """Replace the municipalities a body acts for."""
    change(db, "delete from stands_for where body_id = ?", [body_id])
    for municipality_id in municipality_ids:
        db.execute("insert or ignore into stands_for values (?, ?)", [body_id, municipality_id])


def add_merger(db: Database, *, original_id: int, resulting_id: int, happened_on: str, identity: str) -> None:
    """Note that one municipality lives on in another (`org:ChangeEvent`); saying it twice changes nothing."""
    db.execute(
        "insert or ignore into mergers (original_id, resulting_id, happened_on, identity) values (?, ?, ?, ?)",
        [original_id, resulting_id, happened_on, identity],
    )
    if original_id != resulting_id:
        change(db, "update organisations set successor_id = ? where id = ?", [resulting_id, original_id])
