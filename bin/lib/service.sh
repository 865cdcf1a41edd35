# Sourced by scripts that need a service of their own: start_service PROGRAM [NAME=VALUE...] runs
# one over an embedded database in $work, with its mails in $work/mail, and sets $base. It ends
# with the script.

work=$(mktemp -d)
# The embedded database runs as another user.
chmod 711 "$work"
service=
trap '[ -z "$service" ] || kill "$service" 2>/dev/null; wait; rm -rf "$work"' EXIT

start_service() {
    local program=$1 address=127.0.0.1:${PORT:-8098}
    shift
    base=http://$address
    env -u DATABASE_URL APP_ENV=development LISTEN_ADDR="$address" PUBLIC_URL="$base" \
        DATA_DIR="$work/var" EMAIL_URL="file:$work/mail" RATE_LIMITS=off LOG_FORMAT=json "$@" \
        "$program" >"$work/log" 2>&1 &
    service=$!
    until curl -sf -o /dev/null "$base/health"; do
        kill -0 "$service" 2>/dev/null || { cat "$work/log" >&2; return 1; }
        sleep 0.1
    done
}
