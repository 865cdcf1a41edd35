# Sourced by programs in bin: finds out what is missing on this machine and installs it with the
# system's package manager, when we may.

# Where initdb and postgres are: the search of crates/embedded-postgres/src/locate.rs.
postgres_programs() {
    local IFS=: bin
    for bin in $PATH \
        /usr/lib/postgresql/*/bin /usr/lib/postgresql[0-9]*/bin /usr/pgsql-*/bin \
        /usr/libexec/postgresql[0-9]* \
        /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin \
        "$(pg_config --bindir 2>/dev/null)"; do
        if [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ]; then
            echo "$bin"
            return
        fi
    done
    return 1
}

has_postgres() { postgres_programs >/dev/null; }

has_browser() {
    command -v chromedriver >/dev/null || return 1
    local name
    for name in chromium chromium-browser google-chrome; do
        if command -v "$name" >/dev/null; then return 0; fi
    done
    return 1
}

need_postgres() {
    has_postgres || install_packages PostgreSQL \
        postgresql postgresql-server postgresql postgresql postgresql
}

need_browser() {
    has_browser || install_packages 'Chromium and its driver' \
        'chromium chromium-driver' 'chromium chromedriver' 'chromium chromium-chromedriver' \
        chromium 'chromium chromedriver'
}

need_promtool() {
    command -v promtool >/dev/null && command -v amtool >/dev/null ||
        install_packages "Prometheus's promtool and amtool" \
            'prometheus prometheus-alertmanager' 'prometheus alertmanager' \
            'prometheus alertmanager' 'prometheus alertmanager' prometheus
}

need_lynx() {
    command -v lynx >/dev/null || install_packages Lynx lynx lynx lynx lynx lynx
}

need_w3m() {
    command -v w3m >/dev/null || install_packages w3m w3m w3m w3m w3m w3m
}

need_pgbouncer() {
    PATH=$PATH:/usr/sbin command -v pgbouncer >/dev/null ||
        install_packages PgBouncer pgbouncer pgbouncer pgbouncer pgbouncer pgbouncer
}

need_python() {
    python3 -c 'import venv, ensurepip' 2>/dev/null ||
        install_packages 'Python with venv' python3-venv python3 python3 python python
}

# In a place of its own, with all that it depends on.
need_schemathesis() {
    local tools=target/conformance requirements=tests/tools/requirements.txt
    cmp -s "$requirements" "$tools/requirements.txt" && return
    need_python && rm -rf "$tools" && python3 -m venv "$tools" &&
        "$tools/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$requirements" &&
        cp "$requirements" "$tools/requirements.txt"
}

# Only Debian's are known to do.
need_image_tools() {
    command -v apt-get >/dev/null || return 1
    command -v buildah >/dev/null && command -v debootstrap >/dev/null && command -v readelf >/dev/null && command -v pgrep >/dev/null ||
        install_packages 'buildah, debootstrap, binutils and procps' 'buildah debootstrap binutils procps'
}

need_curl() {
    command -v curl >/dev/null || install_packages curl curl curl curl curl curl
}

need_npm() {
    command -v npm >/dev/null || install_packages npm npm npm npm npm node
}

need_nginx() {
    # Debian has it where only root looks.
    PATH=$PATH:/usr/sbin
    command -v nginx >/dev/null && command -v openssl >/dev/null && command -v curl >/dev/null ||
        install_packages 'nginx, openssl and curl' 'nginx openssl curl' 'nginx openssl curl' \
            'nginx openssl curl' 'nginx openssl curl' 'nginx openssl curl'
}

need_wrk() {
    command -v wrk >/dev/null && command -v openssl >/dev/null && command -v pgbench >/dev/null ||
        install_packages 'wrk, pgbench and openssl' 'wrk postgresql openssl' 'wrk postgresql-contrib openssl' \
            'wrk postgresql-client openssl' 'wrk postgresql openssl' 'wrk postgresql openssl'
}

# install_packages WHAT APT DNF APK PACMAN BREW: the names of the packages for each manager.
install_packages() {
    local what=$1 manager names
    if command -v apt-get >/dev/null; then manager=apt-get names=$2
    elif command -v dnf >/dev/null; then manager=dnf names=$3
    elif command -v apk >/dev/null; then manager=apk names=$4
    elif command -v pacman >/dev/null; then manager=pacman names=$5
    elif command -v brew >/dev/null; then manager=brew names=$6
    else
        echo "$what is missing, and no package manager known here could install it." >&2
        return 1
    fi
    if [ "$manager" != brew ] && ! as_root true 2>/dev/null; then
        echo "$what is missing, and only root may install it: run $manager for $names as root." >&2
        return 1
    fi

    echo "Installing $what with $manager: $names"
    local log
    log=$(mktemp)
    # Without quotes: several names are several arguments.
    # shellcheck disable=SC2086
    if "install_with_$manager" $names >"$log" 2>&1 </dev/null; then
        rm -f "$log"
    else
        cat "$log" >&2
        rm -f "$log"
        echo "$what could not be installed." >&2
        return 1
    fi
}

install_with_apt-get() {
    # Debian's package of PostgreSQL also makes and starts a server of its own, which nobody here
    # needs: not while this file exists.
    local no_server=/etc/postgresql-common/createcluster.d/no-server.conf status=0
    as_root mkdir -p "${no_server%/*}" &&
        echo 'create_main_cluster = false' | as_root tee "$no_server" &&
        { as_root apt-get update -q || echo 'Trying the old lists.'; } &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
            -o DPkg::Lock::Timeout=300 "$@" || status=1
    as_root rm -f "$no_server"
    return "$status"
}

install_with_dnf() { as_root dnf install -q -y "$@"; }

install_with_apk() { as_root apk add -q "$@"; }

install_with_pacman() { as_root pacman -Sy --noconfirm --needed "$@"; }

install_with_brew() { brew install -q "$@"; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}
