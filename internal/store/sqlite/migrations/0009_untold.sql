-- What a deployment's triggers had to tell and could not, counted by trigger.
create table untold (
    deployment_id text not null,
    trigger_name  text not null,
    topic         text not null,
    count         integer not null,
    why           text not null, -- the last time
    primary key (deployment_id, trigger_name)
);
