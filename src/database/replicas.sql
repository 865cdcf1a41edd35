-- replicas::written
SELECT pg_current_wal_insert_lsn(), pg_walfile_name(pg_current_wal_insert_lsn());

-- replicas::replayed
SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn();
