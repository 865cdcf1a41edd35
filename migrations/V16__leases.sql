-- Who does the work that one replica at a time does.

-- A row a kind of work. Nobody else takes it before `until`, by the database's clock: a holder that
-- works moves it ahead, one that died leaves it to lapse, and after a whole round it is when the
-- next is due. `holder` is drawn anew whenever the lease is taken. `done_at` is the end of the last
-- whole round, at first the beginning of the first one.
create table users.leases (
    name    text        not null,
    holder  uuid        not null,
    until   timestamptz not null,
    done_at timestamptz not null default now(),
    constraint leases_pkey primary key (name)
);
