-- Instance profiles are entities too. SQLite cannot change a check, so the table is made anew.
create table entities_with_profiles (
    kind text not null check (kind in ('role', 'group', 'policy', 'instance-profile')),
    name text not null,
    path text not null,
    body text not null,
    primary key (kind, name)
);
insert into entities_with_profiles (kind, name, path, body)
select kind, name, path, body
from entities;
drop table entities;
alter table entities_with_profiles rename to entities;
create unique index entities_by_any_case on entities (kind, name collate nocase);
