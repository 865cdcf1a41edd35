# Sourced by scripts that need a service of their own: start_service PROGRAM [NAME=VALUE...] runs
# one on a free port over an embedded database in $work, with its mails in $work/mail, and sets
# $base to its address. It ends with the script.

work=$(mktemp -d)
# The embedded database runs as another user.
chmod 711 "$work"
service=
trap '[ -z "$service" ] || kill "$service" 2>/dev/null; wait; rm -rf "$work"' EXIT

start_service() {
    local program=$1
    shift
    env -u DATABASE_URL APP_ENV=development LISTEN_ADDR=127.0.0.1:0 PUBLIC_URL=http://127.0.0.1:0 \
        DATA_DIR="$work/var" EMAIL_URL="file:$work/mail" RATE_LIMITS=off LOG_FORMAT=json "$@" \
        "$program" >"$work/log" 2>&1 &
    service=$!
    until base=$(sed -n 's/^Open //p' "$work/log") && [ -n "$base" ]; do
        kill -0 "$service" 2>/dev/null || { cat "$work/log" >&2; return 1; }
        sleep 0.1
    done
}
