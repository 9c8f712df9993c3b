-- What triggers have to tell, written with the change that it is about.
create table notices (
    id    integer primary key autoincrement,
    topic text not null,
    body  text not null
);
create index notices_by_topic on notices (topic, id);
