-- Which sessions ended lately, in that order, and which devices an account was used from.

create index sessions_ended_at_idx on users.sessions (ended_at, id) where ended_at is not null;

create index audit_log_logged_in_idx on users.audit_log (user_id, device)
    where event = 'logged_in';
