# shellcheck shell=bash
# The private, throw-away PostgreSQL server of the demo, the tests and the
# benchmark. Sourced by their scripts:
#
#   source test/server.sh
#   pg_config=$(test/setup.sh demo)
#   icm_private_root "$pg_config"               # copies; from here on a trap cleans up
#   icm_build                                   # builds icm, installs it in the copy
#   icm_start work_mem=64MB                     # initdb, start; settings are optional
#   icm_psql -c 'CREATE EXTENSION icm'
#
# A copy of the server's programs and of this source tree stands under one
# directory in /tmp, and all is built, installed and run there: PostgreSQL finds
# its libraries relative to its own place, so neither the system's PostgreSQL
# nor the working tree is written to. Started by root, everything runs as a
# plain user, who need not be able to read the working tree.
#
# A caller that sets its own trap on EXIT, before or after, calls icm_cleanup in it.
#
# Set for the caller, after icm_private_root:
#   ICM_ROOT       the private directory; logs are in $ICM_ROOT/log
#   ICM_SRC        the copy of the source tree, where icm_as_user runs commands
#   ICM_BIN        the private server's programs (psql, pgbench, ...)
#   ICM_PG_CONFIG  its pg_config
#   ICM_SHARED     the directory whose data/ has the public data sets, readable
#                  by the plain user; unset when there is none
# and after icm_start: PGHOST, PGPORT, PGUSER, PGDATABASE.

ICM_REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
ICM_ROOT=
ICM_KEEP=

# ---- the private directory ------------------------------------------------

# icm_private_root PG_CONFIG: make the private directory with its copies
icm_private_root() {
    icm_clean_environment
    icm_choose_user
    if [[ -z $(trap -p EXIT) ]]; then trap icm_cleanup EXIT; fi
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 141' PIPE
    trap 'exit 143' TERM
    # Short, because the path of a Unix socket may have some 100 bytes only.
    ICM_ROOT=$(mktemp -d "${ICM_TMP:-/tmp}/icm.XXXXXX")
    ICM_SRC=$ICM_ROOT/src
    mkdir "$ICM_SRC" "$ICM_ROOT"/{home,log,sock,tmp}
    if [[ $(id -u) -eq 0 ]]; then chown "$ICM_USER:" "$ICM_ROOT" "$ICM_ROOT"/*; fi
    icm_copy_server "$1"
    icm_copy_source
    icm_find_shared
}

# What the caller's shell, an outer make or a git hook has set must not leak in.
icm_clean_environment() {
    local name
    for name in "${!PG@}"; do
        if [[ $name != PG_CONFIG ]]; then unset "$name"; fi
    done
    unset "${!GIT_@}" MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR COPT PROFILE
    unset "${!LC_@}" LANGUAGE BASH_ENV ENV CDPATH
    export LC_ALL=C LANG=C TZ=UTC       # both: PostgreSQL::Test drops LC_ALL
    umask 022
}

# PostgreSQL does not run as root.
icm_choose_user() {
    ICM_USER=$(id -un)
    [[ $(id -u) -eq 0 ]] || return 0
    ICM_USER=postgres
    id "$ICM_USER" >/dev/null 2>&1 || ICM_USER=nobody
}

# icm_as_user COMMAND [ARG...]: run a program as the plain user, in $ICM_SRC
icm_as_user() {
    local become=()
    if [[ $(id -u) -eq 0 ]]; then
        become=(setpriv --reuid "$(id -u "$ICM_USER")" --regid "$(id -g "$ICM_USER")" --init-groups)
    fi
    (
        cd "$ICM_SRC" || exit
        exec env HOME="$ICM_ROOT/home" TMPDIR="$ICM_ROOT/tmp" USER="$ICM_USER" LOGNAME="$ICM_USER" \
            "${become[@]}" "$@"
    )
}

# icm_copy TAR-OPTION...: from this user's sight into a directory of the plain user
icm_copy() {
    local to=$1
    shift
    tar -cf - "$@" | icm_as_user tar -C "$to" -xf -
}

# icm_copy_server PG_CONFIG: programs, libraries and share files, with the paths they have
icm_copy_server() {
    local bin lib share name
    bin=$("$1" --bindir) lib=$("$1" --pkglibdir) share=$("$1" --sharedir)
    local programs=()
    for name in "$bin"/{postgres,initdb,psql,pgbench,createdb,dropdb,createuser,dropuser,vacuumdb,reindexdb} "$bin"/pg_*; do
        if [[ -x $name ]]; then programs+=("${name#/}"); fi
    done
    icm_copy "$ICM_ROOT" -h -C / "${programs[@]}"
    icm_copy "$ICM_ROOT" -C / "${lib#/}" "${share#/}"
    # an icm that is installed in the system is not the one to be tested
    rm -rf "${ICM_ROOT:?}$share"/extension/icm[.-]* "${ICM_ROOT:?}$lib"/icm.* "${ICM_ROOT:?}$lib"/bitcode/icm{,.*}
    ICM_BIN=$ICM_ROOT$bin
    ICM_PG_CONFIG=$ICM_BIN/pg_config
    icm_write_pg_config "$1"
}

# icm_write_pg_config PG_CONFIG: one that answers with the private directories,
# and with the system's for what is only read (headers, libpq). The copied
# program is no use: not every version's looks where it stands itself.
icm_write_pg_config() {
    icm_as_user rm -f "$ICM_PG_CONFIG"
    icm_as_user tee "$ICM_PG_CONFIG" >/dev/null <<EOF
#!/bin/sh
[ \$# -gt 0 ] || exec '$1'
for option in "\$@"; do
    case \$option in
        --bindir | --pkglibdir | --sharedir | --pgxs) printf %s '$ICM_ROOT' ;;
    esac
    '$1' "\$option" || exit
done
EOF
    icm_as_user chmod 755 "$ICM_PG_CONFIG"
}

# tracked files and new ones that are not ignored; without git, all but what make builds
icm_source_files() {
    local git=(git -C "$ICM_REPO" -c safe.directory='*' -c core.fsmonitor=false) name
    if [[ $("${git[@]}" rev-parse --show-toplevel 2>/dev/null) == "$ICM_REPO" ]]; then
        "${git[@]}" ls-files -coz --exclude-standard | while IFS= read -rd '' name; do
            if [[ -e $ICM_REPO/$name ]]; then printf '%s\0' "$name"; fi
        done
    else
        (cd "$ICM_REPO" && find . \( -name .git -o -path ./results -o -path ./tmp_check \) -prune -o \
            -type f ! -name '*.o' ! -name '*.bc' ! -name '*.so' -print0)
    fi
}

icm_copy_source() {
    icm_source_files >"$ICM_ROOT/log/source.list"
    icm_copy "$ICM_SRC" -C "$ICM_REPO" --null -T "$ICM_ROOT/log/source.list"
}

# Sets ICM_SHARED: ../shared of the working tree, or a copy the plain user can read.
icm_find_shared() {
    local shared
    shared=$(cd "${ICM_SHARED:-$ICM_REPO/../shared}" 2>/dev/null && pwd -P) || shared=
    unset ICM_SHARED
    [[ -n $shared && -r $shared/data ]] || return 0
    if [[ -n $(icm_as_user find -L "$shared/data" ! -readable -print 2>&1) ]]; then
        icm_as_user mkdir "$ICM_ROOT/shared"
        icm_copy "$ICM_ROOT/shared" -C "$shared" data || return 0
        shared=$ICM_ROOT/shared
    fi
    export ICM_SHARED=$shared
}

# ---- build ----------------------------------------------------------------

# icm_make [ARG...]: make in the copy, for the private server
icm_make() {
    icm_as_user make -j "$(nproc 2>/dev/null || echo 2)" PG_CONFIG="$ICM_PG_CONFIG" "$@"
}

# icm_build [MAKE-ARG...]: build and install in the copy; says something only when it fails
icm_build() {
    if ! icm_make -s all install "$@" >"$ICM_ROOT/log/build.log" 2>&1; then
        tail -n 300 "$ICM_ROOT/log/build.log" >&2
        echo "The build of icm failed." >&2
        return 1
    fi
}

# ---- the server -----------------------------------------------------------

# icm_start [NAME=VALUE...]: start the server, with these settings besides its own
icm_start() {
    local log=$ICM_ROOT/log/start.log
    export PGHOST=$ICM_ROOT/sock PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
    if [[ ! -d $ICM_ROOT/data ]] && ! icm_initdb >"$log" 2>&1; then
        cat "$log" >&2
        return 1
    fi
    icm_set "$@"
    if ! icm_as_user "$ICM_BIN/pg_ctl" -w -t 120 -D "$ICM_ROOT/data" -l "$ICM_ROOT/log/server.log" start >"$log" 2>&1; then
        cat "$log" "$ICM_ROOT/log/server.log" >&2
        return 1
    fi
    if [[ $(icm_psql -Atc "SELECT setting FROM pg_config WHERE name = 'PKGLIBDIR'") != "$ICM_ROOT"/* ]]; then
        echo "This PostgreSQL does not work from another place than its own." >&2
        return 1
    fi
}

# Trust needs no password: the socket's directory is closed to other users.
icm_initdb() {
    icm_as_user "$ICM_BIN/initdb" -D "$ICM_ROOT/data" -U postgres --auth=trust \
        --encoding=UTF8 --locale=C --no-sync &&
        icm_set listen_addresses= "unix_socket_directories=$ICM_ROOT/sock" fsync=off
}

# icm_set NAME=VALUE...: into the configuration file
icm_set() {
    local setting
    for setting in "$@"; do
        printf "%s = '%s'\n" "${setting%%=*}" "${setting#*=}"
    done | icm_as_user tee -a "$ICM_ROOT/data/postgresql.conf" >/dev/null
}

# icm_psql [ARG...]: psql that stops at the first error and reads no .psqlrc
icm_psql() {
    icm_as_user "$ICM_BIN/psql" -X -q -v ON_ERROR_STOP=1 "$@"
}

# icm_stop: stop the server, and any other that a test has left under $ICM_ROOT
icm_stop() {
    local pid_file stop
    while IFS= read -r pid_file; do
        stop=("$ICM_BIN/pg_ctl" -D "${pid_file%/*}" -w stop)
        icm_as_user "${stop[@]}" -m fast -t 20 || icm_as_user "${stop[@]}" -m immediate -t 20 || true
    done < <(find "$ICM_ROOT" -name postmaster.pid -type f) >"$ICM_ROOT/log/stop.log" 2>&1
}

# icm_keep: leave the server running when the script ends, and say how to use it
icm_keep() {
    local runuser=
    ICM_KEEP=1
    if [[ $(id -u) -eq 0 ]]; then runuser="runuser -u $ICM_USER -- "; fi
    echo "The server is left running. To connect:"
    echo "  $ICM_BIN/psql -h $PGHOST -U postgres $PGDATABASE"
    echo "To stop and remove it:"
    echo "  $runuser$ICM_BIN/pg_ctl -D $ICM_ROOT/data stop; rm -rf $ICM_ROOT"
}

# The trap: nothing is left running, and nothing is left in /tmp.
icm_cleanup() {
    trap '' HUP INT PIPE TERM
    if [[ -n $ICM_KEEP || -z $ICM_ROOT ]]; then return 0; fi
    icm_stop
    rm -rf "$ICM_ROOT"
    ICM_ROOT=
}
