"""The schema, as numbered steps that run once each, in order; running them again changes nothing."""

from sqlite_utils import Database, Migrations

migrations = Migrations("medestanders")


def migrate(db: Database) -> None:
    """Bring the schema up to date. The caller holds the transaction."""
    migrations.apply(db)


def _all(db: Database, statements: str) -> None:
    for statement in statements.split(";\n\n"):
        if statement.strip():
            db.execute(statement)


@migrations(name="001_first_rooms")
def first_rooms(db: Database) -> None:
    """People, calls, projects, ideas, contacts, clusters, letters, embeddings, work and search."""
    _all(db, PEOPLE + CALLS + PROJECTS + IDEAS + CONTACTS + CLUSTERS + LETTERS + EMBEDDINGS + SEARCH)


PEOPLE = """
create table organisations (
  id integer primary key,
  uri text not null unique,
  kind text not null check (kind in ('municipality', 'intermunicipal', 'province', 'other')),
  name text not null,
  province text,
  nis text,
  kbo text,
  ovo text,
  inhabitants integer,
  lat real,
  lon real,
  valid_from text,
  valid_until text,
  successor_id integer references organisations (id)
) strict;

create index organisations_name on organisations (name collate nocase);

create table organisation_names (
  organisation_id integer not null references organisations (id),
  name text not null,
  nis text,
  kbo text,
  ovo text,
  valid_from text,
  valid_until text
) strict;

create index organisation_names_organisation on organisation_names (organisation_id);

create table stands_for (
  body_id integer not null references organisations (id),
  municipality_id integer not null references organisations (id),
  primary key (body_id, municipality_id)
) strict, without rowid;

create table mergers (
  original_id integer not null references organisations (id),
  resulting_id integer not null references organisations (id),
  happened_on text not null,
  identity text not null,
  primary key (original_id, resulting_id)
) strict, without rowid;

create table members (
  id integer primary key,
  organisation_id integer references organisations (id),
  email text not null unique collate nocase,
  name text not null,
  function text,
  role text not null check (role in ('member', 'coordinator')),
  locale text not null default 'nl',
  password_hash text,
  standing_consent integer not null default 0 check (standing_consent in (0, 1)),
  session_key text not null,
  active integer not null default 1 check (active in (0, 1)),
  demo integer not null default 0 check (demo in (0, 1)),
  created_at text not null,
  check (role = 'coordinator' or organisation_id is not null)
) strict;

create index members_organisation on members (organisation_id);

"""

CALLS = """
create table themes (slug text primary key, position integer not null, uri text, names text not null) strict;

create table calls (
  id integer primary key,
  number integer not null unique,
  name text not null,
  kind text not null,
  kind_name text not null,
  opens_at text not null,
  closes_at text not null,
  ceiling_eur integer not null,
  funding_percent integer not null,
  realisation text not null,
  uri text not null unique,
  remark text
) strict;

create table call_themes (
  call_id integer not null references calls (id),
  theme text not null references themes (slug),
  primary key (call_id, theme)
) strict, without rowid;

create table call_deadlines (
  call_id integer not null references calls (id),
  position integer not null,
  closes_at text not null,
  note text,
  primary key (call_id, position)
) strict, without rowid;

"""

PROJECTS = """
create table projects (
  id integer primary key,
  external_id text unique,
  title text not null,
  summary text not null,
  programme integer not null default 1 check (programme in (0, 1)),
  status text not null check (status in ('submitted', 'approved', 'refused', 'unknown')),
  status_note text,
  lead_id integer references organisations (id),
  lead text not null,
  theme text references themes (slug),
  theme_derived integer not null default 0 check (theme_derived in (0, 1)),
  call_id integer references calls (id),
  subsidy_cents integer,
  year text,
  remark text,
  urls text not null default '[]',
  lang text not null default 'nl',
  demo integer not null default 0 check (demo in (0, 1)),
  created_at text not null,
  updated_at text not null
) strict;

create index projects_updated on projects (updated_at desc, id desc);

create table project_partners (
  project_id integer not null references projects (id) on delete cascade,
  position integer not null,
  name text not null,
  organisation_id integer references organisations (id),
  primary key (project_id, position)
) strict, without rowid;

"""

IDEAS = """
create table ideas (
  id integer primary key,
  external_id text unique,
  organisation_id integer references organisations (id),
  author_id integer references members (id),
  title text not null,
  description text not null,
  theme text references themes (slug),
  call_id integer references calls (id),
  stage text not null default 'idee' check (stage in ('idee', 'plan', 'klaar', 'loopt')),
  intent text not null default 'need' check (intent in ('need', 'offer', 'experience')),
  seeks text not null default '[]',
  budget text check (budget in ('<25k', '25k-75k', '75k-150k', '150k-500k', '>500k')),
  target_group text,
  lang text not null default 'nl',
  state text not null default 'open' check (state in ('open', 'withdrawn', 'hidden')),
  source_url text,
  submission_key text unique,
  demo integer not null default 0 check (demo in (0, 1)),
  revision integer not null default 1,
  created_at text not null,
  updated_at text not null
) strict;

create index ideas_open_newest on ideas (state, created_at desc, id desc);

create index ideas_organisation on ideas (organisation_id, state);

create index ideas_theme on ideas (theme, state);

create index ideas_call on ideas (call_id, state);

create table idea_versions (
  idea_id integer not null references ideas (id),
  revision integer not null,
  member_id integer references members (id),
  written_at text not null,
  fields text not null,
  primary key (idea_id, revision)
) strict, without rowid;

"""

CONTACTS = """
create table endorsements (
  id integer primary key,
  idea_id integer not null references ideas (id),
  organisation_id integer not null references organisations (id),
  member_id integer not null references members (id),
  role text not null check (role in ('lead', 'develop', 'buy', 'learn', 'have')),
  amount text check (amount in ('<25k', '25k-75k', '75k-150k', '150k-500k', '>500k')),
  days integer check (days between 1 and 2000),
  message text not null default '',
  active integer not null default 1 check (active in (0, 1)),
  created_at text not null,
  updated_at text not null,
  unique (idea_id, organisation_id)
) strict;

create index endorsements_organisation on endorsements (organisation_id);

create table introductions (
  id integer primary key,
  endorsement_id integer not null unique references endorsements (id),
  poster_member_id integer references members (id),
  state text not null check (state in ('asked', 'agreed', 'declined', 'withdrawn')),
  asked_at text not null,
  answered_at text
) strict;

create index introductions_poster on introductions (poster_member_id, state);

"""

CLUSTERS = """
create table judgements (
  id integer primary key,
  a_kind text not null check (a_kind in ('idea', 'project')),
  a_id integer not null,
  b_kind text not null check (b_kind in ('idea', 'project')),
  b_id integer not null,
  judgement text not null check (judgement in ('same', 'related', 'different', 'unsure')),
  member_id integer references members (id),
  cluster_id integer,
  reason text,
  given_at text not null,
  check (a_kind < b_kind or (a_kind = b_kind and a_id < b_id))
) strict;

create index judgements_pair on judgements (a_kind, a_id, b_kind, b_id, id desc);

create table clusters (
  id integer primary key,
  state text not null check (state in ('proposed', 'accepted', 'rejected', 'dissolved')),
  name text not null,
  named_by_person integer not null default 0 check (named_by_person in (0, 1)),
  terms text not null default '[]',
  cohesion real,
  weakest text,
  reason text,
  revision integer not null default 1,
  decided_at text,
  decided_by integer references members (id),
  created_at text not null,
  updated_at text not null
) strict;

create index clusters_state on clusters (state, updated_at desc);

create table cluster_members (
  cluster_id integer not null references clusters (id),
  kind text not null check (kind in ('idea', 'project')),
  item_id integer not null,
  position integer not null,
  fit real,
  primary key (cluster_id, kind, item_id)
) strict, without rowid;

create index cluster_members_item on cluster_members (kind, item_id);

create table cluster_history (
  id integer primary key,
  cluster_id integer not null references clusters (id),
  revision integer not null,
  action text not null,
  member_id integer references members (id),
  reason text,
  before text not null,
  happened_at text not null
) strict;

create index cluster_history_cluster on cluster_history (cluster_id, id);

create table cluster_runs (
  id integer primary key,
  encoder text not null,
  items integer not null,
  added integer not null,
  changed integer not null,
  dissolved integer not null,
  contradictions text not null,
  ended_at text not null
) strict;

"""

LETTERS = """
create table letters (
  id integer primary key,
  dedupe_key text not null unique,
  message_id text not null unique,
  member_id integer references members (id),
  recipient text not null,
  subject text not null,
  body text not null,
  lang text not null,
  state text not null default 'queued' check (state in ('queued', 'sent', 'failed')),
  attempts integer not null default 0,
  error text,
  created_at text not null,
  sent_at text
) strict;

create index letters_recent on letters (id desc, state);

create table jobs (
  id integer primary key,
  kind text not null,
  key text not null,
  payload text not null default '{}',
  not_before text not null,
  leased_until text,
  lease text,
  attempts integer not null default 0,
  error text,
  done_at text
) strict;

create unique index jobs_waiting on jobs (kind, key) where done_at is null;

create index jobs_next on jobs (not_before, id) where done_at is null;

"""

# `seq` rises with every change of what a match may show, so that each process can follow with
# "give me what changed since": a change counter instead of a restart.
EMBEDDINGS = """
create table embeddings (
  kind text not null check (kind in ('idea', 'project')),
  item_id integer not null,
  encoder text not null,
  text_hash text not null,
  vector blob not null,
  primary key (kind, item_id, encoder, text_hash)
) strict, without rowid;

create table item_changes (
  kind text not null,
  item_id integer not null,
  seq integer not null,
  primary key (kind, item_id)
) strict, without rowid;

create index item_changes_seq on item_changes (seq);

"""


def _change_trigger(table: str, event: str, kind: str, item_id: str) -> str:
    name = event.split()[0]
    return f"""
create trigger {table}_{name}_counts after {event} on {table} begin
  insert into item_changes (kind, item_id, seq)
  values ({kind}, {item_id}, (select coalesce(max(seq), 0) + 1 from item_changes))
  on conflict (kind, item_id) do update set seq = excluded.seq;
end;

"""


def _forget_trigger(table: str, kind: str) -> str:
    """What is erased leaves no vector behind: an id may be given out again."""
    return f"""
create trigger {table}_delete_vectors after delete on {table} begin
  delete from embeddings where kind = '{kind}' and item_id = old.id;
end;

"""


def _search_triggers(table: str, body: str, parity: int) -> str:
    """Keep `texts` equal to the table: ideas on even rowids, projects on odd ones."""
    add = f"insert into texts (rowid, title, body) values (new.id * 2 + {parity}, new.title, {body});"
    remove = f"delete from texts where rowid = old.id * 2 + {parity};"
    return f"""
create trigger {table}_insert_text after insert on {table} begin {add} end;

create trigger {table}_delete_text after delete on {table} begin {remove} end;

create trigger {table}_update_text after update of title, {body.split(".")[1]} on {table} begin {remove} {add} end;

"""


EMBEDDINGS += "".join(
    [
        _change_trigger("embeddings", "insert", "new.kind", "new.item_id"),
        _change_trigger("embeddings", "update", "new.kind", "new.item_id"),
        _change_trigger("embeddings", "delete", "old.kind", "old.item_id"),
        _change_trigger("ideas", "update of state, title, description", "'idea'", "new.id"),
        _change_trigger("projects", "update of title, summary", "'project'", "new.id"),
        _forget_trigger("ideas", "idea"),
        _forget_trigger("projects", "project"),
    ]
)

SEARCH = """
create virtual table texts using fts5 (
  title, body, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3 4'
);

create virtual table terms using fts5vocab (texts, row);

""" + "".join(
    [
        _search_triggers("ideas", "new.description", 0),
        _search_triggers("projects", "new.summary", 1),
    ]
)


@migrations(name="050_places")
def places(db: Database) -> None:
    """What a municipality's page and long lists ask for: who merged into whom, and the orders of lists as indexes."""
    _all(db, PLACES)


# How many say *ook wij* is kept beside the idea: the order "most companions first" would otherwise count them for
# every idea there is (measured at 100,000 ideas: 150 ms, and less than 1 ms by the index).
PLACES = """
alter table ideas add column supporters integer not null default 0;

update ideas set supporters = (select count(*) from endorsements e where e.idea_id = ideas.id and e.active = 1);

create trigger endorsements_insert_supporters after insert on endorsements begin
  update ideas set supporters = (select count(*) from endorsements e where e.idea_id = new.idea_id and e.active = 1)
  where id = new.idea_id;
end;

create trigger endorsements_update_supporters after update of active, idea_id on endorsements begin
  update ideas set supporters = (select count(*) from endorsements e where e.idea_id = ideas.id and e.active = 1)
  where id in (old.idea_id, new.idea_id);
end;

create trigger endorsements_delete_supporters after delete on endorsements begin
  update ideas set supporters = (select count(*) from endorsements e where e.idea_id = old.idea_id and e.active = 1)
  where id = old.idea_id;
end;

drop index ideas_organisation;

drop index ideas_theme;

create index ideas_open_supported on ideas (state, supporters desc, created_at desc, id desc);

create index ideas_open_title on ideas (state, title collate nocase, id);

create index ideas_organisation_newest on ideas (organisation_id, state, created_at desc, id desc);

create index ideas_organisation_theme on ideas (organisation_id, state, theme);

create index ideas_theme_title on ideas (theme, state, title collate nocase, id);

create index ideas_theme_newest on ideas (theme, state, created_at desc, id desc);

create index organisations_successor on organisations (successor_id) where successor_id is not null;

create index organisation_names_name on organisation_names (name collate nocase);

create index stands_for_municipality on stands_for (municipality_id);

create index if not exists projects_listed on projects (programme desc, title collate nocase, id);

create index if not exists projects_lead on projects (lead_id);

create index if not exists project_partners_organisation on project_partners (organisation_id);

create index introductions_state on introductions (state);

"""
