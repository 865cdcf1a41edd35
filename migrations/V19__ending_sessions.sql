-- A session ends at the same cost however often it was renewed and however many an account had.

-- How many renewals led to the token: one of an earlier generation than the session's current one was spent, whether or
-- not its row is still here. Unknown of tokens that the release before this one issued.
alter table users.refresh_tokens add column generation integer;

-- Both may be made beforehand with CREATE INDEX CONCURRENTLY: docs/operations.md.
-- The current token of a session is its newest, and those spent last are next to it.
create index if not exists refresh_tokens_family_idx on users.refresh_tokens (session_id, created_at);
-- The open sessions of an account stand together, whatever others it had.
create index if not exists sessions_account_idx on users.sessions (user_id, ended_at);

-- Two of the above begin with these columns. Beside them these would only make each renewal dearer.
drop index users.refresh_tokens_session_id_idx;
drop index users.sessions_user_id_idx;

-- A token is written twice: issued, then spent. With room in its page the second time touches no index.
alter table users.refresh_tokens set (fillfactor = 50);
