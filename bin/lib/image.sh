# Sourced by bin/image-check: bases, builds, and a container made of the kernel's own parts.
# shellcheck shell=bash disable=SC2034,SC2154 # $work, $store and $tmp come from there, $service and $url go there.

tag=localhost/users-service:check

# Whether this machine can build and run an image without an engine, and what it lacks.
can_check() {
    if [ "$(uname -s)" != Linux ] || [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo 'image-check can run only as root on Linux with apt-get: it mounts, and makes its bases from Debian.' >&2
        echo 'Elsewhere, `docker build .` builds the image.' >&2
        return 1
    fi
    need_image_tools && need_postgres && need_nginx || return 1
    if ! unshare --mount true 2>/dev/null; then
        echo 'image-check needs the right to mount, which this machine does not give to root.' >&2
        return 1
    fi
}

bah() {
    buildah --root "$store/images" --runroot "$store/run" --storage-driver vfs "$@"
}

# An image of one layer from a folder, with variables of its own.
image_of() { # FOLDER NAME [VARIABLES]
    printf 'FROM scratch\nCOPY . /\n%s\n' "${3:+ENV $3}" >"$tmp/Base"
    bah build --quiet --isolation chroot -f "$tmp/Base" -t "$2" "$1" >/dev/null
}

# What gcr.io/distroless/cc-debian12:nonroot consists of.
make_runtime_base() {
    local packages=(base-files libc6 libgcc-s1 ca-certificates netbase tzdata) root=$work/runtime
    if [ ! -e "$root.done" ]; then
        rm -rf "$root" "$work/debs"
        mkdir -p "$root" "$work/debs"
        fetch() { (cd "$work/debs" && apt-get -q -o APT::Sandbox::User=root download "${packages[@]}" >/dev/null); }
        # The second time with fresh lists.
        fetch 2>/dev/null || { apt-get -q update >/dev/null && fetch; }
        local package
        for package in "$work"/debs/*.deb; do dpkg-deb -x "$package" "$root"; done
        cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
        echo 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' >"$root/etc/passwd"
        echo 'nonroot:x:65532:' >"$root/etc/group"
        (cd "$root/usr" && rm -rf bin sbin share/doc share/man share/locale)
        # Only libraries run here.
        find "$root" -type f ! -name '*.so*' -exec chmod a-x,u-s,g-s {} +
        touch "$root.done"
    fi
    image_of "$root" localhost/runtime-base
}

# What the image rust:1.95-bookworm consists of, but for the toolchain: it is lent at each step.
make_build_base() {
    local root=$work/build
    if [ ! -e "$root.done" ]; then
        rm -rf "$root"
        debootstrap --variant=minbase --include=gcc,libc6-dev,make,ca-certificates bookworm "$root" >"$work/debootstrap.log" 2>&1 ||
            { tail "$work/debootstrap.log" >&2; fail 'debootstrap failed'; }
        rm -rf "$root/var/cache/apt" "$root/var/lib/apt/lists"
        touch "$root.done"
    fi
    image_of "$root" localhost/build-base 'PATH=/rust/bin:/usr/local/bin:/usr/bin:/bin CARGO_HOME=/cargo'
}

build_image() {
    bah build --quiet --isolation chroot --format docker --build-arg RUNTIME_IMAGE=localhost/runtime-base \
        --build-arg VERSION="$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)" \
        --build-arg REVISION="$(git rev-parse HEAD 2>/dev/null || echo unknown)" \
        "$@" -t "$tag" . >/dev/null
}

# With layers, so that the dependencies' one is found again. What cargo fetched on this machine is lent as well.
build_image_with_rust() {
    local cargo=${CARGO_HOME:-$HOME/.cargo} toolchain
    toolchain=$(rustc --print sysroot)
    mkdir -p "$cargo/registry"
    build_image --layers --build-arg RUST_IMAGE=localhost/build-base \
        --volume "$toolchain:/rust:ro" --volume "$cargo/registry:/cargo/registry" --volume /etc/ssl/certs:/etc/ssl/certs:ro
}

image_settings() { bah inspect --type image "$tag" | sed -n '/"Docker": {/,$p'; }

# Puts the image's files into a folder.
unpack() {
    local container
    container=$(bah from --quiet "$tag")
    cp -a "$(bah mount "$container")" "$1"
    bah rm "$container" >/dev/null
}

bytes() { du --apparent-size -sb "$1" | cut -f1; }

# A throw-away PostgreSQL whose socket the service finds in its only writable folder.
start_postgres() { # DATA
    local bin
    bin=$(postgres_programs)
    mkdir -p "$1/socket" "$tmp/pg"
    chown nobody "$1/socket" "$tmp/pg"
    chmod 0711 "$tmp"
    as_nobody "$bin/initdb" -D "$tmp/pg/data" -U users -A trust -N >/dev/null
    as_nobody "$bin/pg_ctl" -D "$tmp/pg/data" -w -l "$tmp/pg/log" \
        -o "-c listen_addresses= -c unix_socket_directories=$1/socket -c unix_socket_permissions=0777 -c fsync=off" start >/dev/null
    postgres_bin=$bin
    chmod 0711 "$1/socket"
}

as_nobody() { (cd / && setpriv --reuid nobody --regid nogroup --clear-groups "$@"); }

# Runs the image's program: its files read-only but for /data, its user, its variables, no rights.
in_image() { # ROOT ARGUMENTS...
    local root=$1
    shift
    # shellcheck disable=SC2016 # The inner shell expands these.
    env -i PATH="$PATH" LISTEN_ADDR="127.0.0.1:$port" DATA_DIR=/data AUTO_MIGRATE=true HOME=/data \
        DATABASE_URL='postgresql://users@%2Fdata%2Fsocket/postgres' JWT_PRIVATE_KEY="$key" EMAIL_API_KEY=key \
        unshare --mount sh -c 'root=$1; shift
            mount --bind "$root" "$root" && mount --bind "$root/data" "$root/data" &&
            mount -o remount,bind,ro "$root" &&
            exec setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid \
                chroot --userspec=65532:65532 "$root" /usr/local/bin/users-service "$@"' sh "$root" "$@"
}

start_service() { # ROOT
    port=$((20000 + RANDOM % 10000))
    url=http://127.0.0.1:$port
    key=$(openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 2>/dev/null)
    touch "$tmp/started"
    in_image "$1" serve >"$tmp/log" 2>&1 &
    runner=$!
    local i
    for ((i = 0; i < 300; i++)); do
        if curl -fsS -o /dev/null "$url/health" 2>/dev/null; then
            service=$(innermost "$runner")
            return
        fi
        kill -0 "$runner" 2>/dev/null || break
        sleep 0.1
    done
    cat "$tmp/log" >&2
    fail 'the service does not come up'
}

# Below the shell that waits for it: what became the service.
innermost() { # PROCESS
    local process=$1 child
    while child=$(pgrep -P "$process"); do process=$child; done
    echo "$process"
}

clean_up() {
    if [ -n "${runner:-}" ]; then kill "$(innermost "$runner")" 2>/dev/null || true; fi
    if [ -n "${postgres_bin:-}" ]; then as_nobody "$postgres_bin/pg_ctl" -D "$tmp/pg/data" -m immediate stop >/dev/null || true; fi
    rm -rf "$tmp"
}
