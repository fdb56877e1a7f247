#!/usr/bin/env bash
# Makes sure that the machine has what the demo, the tests or the benchmark
# need, and prints the path of the chosen pg_config. Where all is there it is
# silent and offline. Where something lacks, it is installed with apt-get when
# that may be done, else the one command that does it is printed.
#
# Usage: test/setup.sh demo|test|bench
set -euo pipefail
export LC_ALL=C                 # apt's output is read

OLDEST=13                       # first PostgreSQL major version supported
CLUSTER_CONF=/etc/postgresql-common/createcluster.conf
CLUSTER_DROP_IN=/etc/postgresql-common/createcluster.d/zz-icm-setup.conf

say() { printf '%s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# ---- what is there --------------------------------------------------------

# major PG_CONFIG
major() { "$1" --version 2>/dev/null | sed -nE 's/^PostgreSQL ([0-9]+).*/\1/p'; }

# complete PG_CONFIG: a server that is new enough, its headers, and PGXS
complete() {
    local version
    version=$(major "$1") || return 1
    [[ -n $version && $version -ge $OLDEST ]] &&
        [[ -x $("$1" --bindir)/postgres && -x $("$1" --bindir)/initdb ]] &&
        [[ -f $("$1" --includedir-server)/postgres.h && -f $("$1" --pgxs) ]]
}

# The highest of Debian's versions comes first, then what the PATH has.
candidates() {
    if [[ -n ${PG_CONFIG:-} ]]; then
        command -v "$PG_CONFIG" || true
        return
    fi
    printf '%s\n' /usr/lib/postgresql/*/bin/pg_config | sort -rV
    command -v pg_config || true
}

# Prints the pg_config that stands with the server, not a wrapper in the PATH.
choose() {
    local candidate bindir
    while IFS= read -r candidate; do
        complete "$candidate" || continue
        bindir=$("$candidate" --bindir)
        if [[ -x $bindir/pg_config ]]; then candidate=$bindir/pg_config; fi
        printf '%s\n' "$candidate"
        return
    done < <(candidates)
    return 1
}

# Debian packages, apart from the server's, for what is not there
missing_tools() {
    if ! command -v make >/dev/null; then echo make; fi
    if ! echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1; then printf '%s\n' gcc libc6-dev; fi
    if [[ $purpose == test ]] &&
        ! { command -v prove && perl -MIPC::Run -MTest::More -MTime::HiRes -e 1; } >/dev/null 2>&1; then
        printf '%s\n' perl libipc-run-perl
    fi
    # of the system's Python, which is the one that the packages are for
    if [[ $purpose == test ]] &&
        ! /usr/bin/python3 -c 'import zoneinfo; zoneinfo.ZoneInfo("America/St_Johns")' >/dev/null 2>&1; then
        printf '%s\n' python3 tzdata
    fi
    if [[ $purpose == bench ]] && ! /usr/bin/python3 -c 'import scipy.optimize, scipy.special' >/dev/null 2>&1; then
        printf '%s\n' python3 python3-numpy python3-scipy
    fi
}

# ---- what is installed ----------------------------------------------------

as_root() { if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo "$@"; fi; }

# root, or sudo that asks nothing, or somebody who can be asked
may_install() {
    command -v apt-get >/dev/null || return 1
    [[ $(id -u) -eq 0 ]] && return
    command -v sudo >/dev/null || return 1
    sudo -n true 2>/dev/null || { [[ -z ${CI:-} ]] && { : </dev/tty; } 2>/dev/null; }
}

# what the user may do where this script may not
own_command() {
    local command
    command="${PG_CONFIG:+env PG_CONFIG=$PG_CONFIG }$(realpath "$0") $purpose"
    if command -v sudo >/dev/null; then echo "sudo $command"; else echo "su -c '$command'"; fi
}

# Quiet unless it fails. An admin's changed configuration file is kept, and no
# service is restarted for its libraries' sake.
apt_get() {
    local log status=0
    log=$(mktemp)
    as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get -y -q \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" \
        </dev/null >"$log" 2>&1 || status=$?
    if [[ $status -ne 0 ]]; then
        tail -n 40 "$log" >&2
        say "apt-get $* failed"
    fi
    rm -f "$log"
    return "$status"
}

# The major version to install: the one asked for by PG_CONFIG, one whose server
# is there without its headers, else the one Debian's "postgresql" stands for.
wanted_major() {
    local version
    if [[ ${PG_CONFIG:-} =~ ^/usr/lib/postgresql/([0-9]+)/bin/pg_config$ ]]; then
        echo "${BASH_REMATCH[1]}"
        return
    fi
    for version in $(cd /usr/lib/postgresql 2>/dev/null && printf '%s\n' * | sort -rV); do
        if [[ -x /usr/lib/postgresql/$version/bin/postgres && $version -ge $OLDEST ]] &&
            apt-cache show "postgresql-server-dev-$version" >/dev/null 2>&1; then
            echo "$version"
            return
        fi
    done
    apt-cache depends postgresql | sed -nE 's/^ *Depends: *postgresql-([0-9]+)$/\1/p' | head -n 1
}

# Debian's server package makes and starts a cluster when it is first
# installed. A drop-in file, removed again below, tells it not to.
forbid_cluster() {
    made_directory=
    if [[ ! -d ${CLUSTER_DROP_IN%/*} ]]; then
        made_directory=1
        as_root mkdir "${CLUSTER_DROP_IN%/*}"
    fi
    trap allow_cluster EXIT
    echo 'create_main_cluster = false' | as_root tee "$CLUSTER_DROP_IN" >/dev/null
    [[ $(pg_conftool "$CLUSTER_CONF" show -bs create_main_cluster) == off ]] ||
        die "Please set create_main_cluster = false in $CLUSTER_CONF first: it does not read ${CLUSTER_DROP_IN%/*}."
}

allow_cluster() {
    trap - EXIT
    as_root rm -f "$CLUSTER_DROP_IN"
    if [[ -n $made_directory ]]; then as_root rmdir "${CLUSTER_DROP_IN%/*}"; fi
}

install_server() {
    local version
    version=$(wanted_major)
    [[ -n $version && $version -ge $OLDEST ]] ||
        die "No package of PostgreSQL $OLDEST or newer was found. Install one and set PG_CONFIG to its pg_config."
    if [[ -x /usr/lib/postgresql/$version/bin/postgres ]]; then
        apt_get install --no-install-recommends "postgresql-server-dev-$version"
        return
    fi
    apt_get install --no-install-recommends postgresql-common
    forbid_cluster
    apt_get install --no-install-recommends "postgresql-$version" "postgresql-server-dev-$version"
    allow_cluster
}

# install_tdigest PG_CONFIG: an extension to compare with, where Debian has it; the benchmark
# leaves it out where not
install_tdigest() {
    local package
    package=postgresql-$(major "$1")-tdigest
    if [[ $1 == /usr/lib/postgresql/* && ! -f $("$1" --sharedir)/extension/tdigest.control ]] &&
        may_install && apt-cache show "$package" >/dev/null 2>&1; then
        say "installing: $package"
        apt_get install --no-install-recommends "$package" || true
    fi
}

# ---- main -----------------------------------------------------------------

main() {
    local tools server='' found
    mapfile -t tools < <(missing_tools)
    found=$(choose) || server="PostgreSQL with its server headers"

    local lacking="${tools[*]}${server:+${tools[0]:+, }$server}"
    if [[ -n $lacking ]]; then
        if [[ -n $server && -n ${PG_CONFIG:-} && ! $PG_CONFIG =~ ^/usr/lib/postgresql/[0-9]+/bin/pg_config$ ]]; then
            die "PG_CONFIG=$PG_CONFIG is not of a PostgreSQL $OLDEST or newer with server, headers and PGXS."
        fi
        if ! may_install; then
            say "Needed, and not installed: $lacking"
            command -v apt-get >/dev/null || die "Install it, and set PG_CONFIG to the server's pg_config."
            die "Please run: $(own_command)"
        fi
        say "installing: $lacking"
        apt_get update || true      # one unreachable source need not matter
        if [[ ${#tools[@]} -gt 0 ]]; then apt_get install --no-install-recommends "${tools[@]}"; fi
        if [[ -n $server ]]; then install_server; fi
        found=$(choose) || die "PostgreSQL was installed, and still no complete one is found."
    fi
    if [[ $purpose == bench ]]; then install_tdigest "$found"; fi
    printf '%s\n' "$found"
}

purpose=${1:-}
case $purpose in
    demo | test | bench) main ;;
    *) die "usage: $0 demo|test|bench" ;;
esac
