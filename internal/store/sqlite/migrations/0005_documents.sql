-- What the services around a deployment remember: JSON under a key, in a collection.
create table documents (
    collection text not null,
    key        text not null,
    body       text not null,
    primary key (collection, key)
) without rowid;
