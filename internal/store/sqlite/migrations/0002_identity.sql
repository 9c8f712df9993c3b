-- A user's body holds their access keys and policies too; access_keys finds the user by one.

create table users (
    name text primary key,
    path text not null,
    body text not null
);
-- IAM does not let two names differ in case alone.
create unique index users_by_any_case on users (name collate nocase);

create table access_keys (
    id        text primary key,
    user_name text not null references users (name) on delete cascade
);
create index access_keys_by_user on access_keys (user_name);
