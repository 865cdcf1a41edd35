-- Lists are walked by their indexes alone where PostgreSQL knows that all see a page of the table, and only a
-- vacuum tells it so. By default that waits until a fifth of the table is new: of 20 million edges the newest four
-- million, which every list begins with.

alter table users.follows set (autovacuum_vacuum_insert_scale_factor = 0.01);
