-- One row, one commit.
insert into bare.rows (at) values (now());
