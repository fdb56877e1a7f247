#!/usr/bin/env bash
# make bench: runs icm's query and what a user would write without icm in turn,
# in one session of a private server (see ../server.sh), and prints the medians
# and their ratio. The ratio is the result; milliseconds are this machine's.
#
# usage: [NAME=VALUE...] test/bench/bench.sh, or make bench [NAME=VALUE...]
#
#   BENCH=ledger   the files to run: test/bench/ledger.sql; a pattern too
#   CASE='*cost*'  only cases whose title matches the pattern
#   ROWS=1000000   rows of the largest table; the goals are meant for 10 million,
#                  which take half an hour and 4 GB in /tmp (ICM_TMP=another directory)
#   ROUNDS=5       rounds, the first of which warms up and does not count
#   PLAN=1         print the plans as well
#
# A missed goal is reported; only an error or a wrong result makes it fail.
#
# A bench file is SQL, with these comments in between:
#
#   -- title: TEXT
#   -- vary: SETTING=VALUE, VALUE   run with each; "workers" stands for
#                                   max_parallel_workers_per_gather
#   -- setup                        SQL that makes the tables; :rows is ROWS
#   -- case: TEXT                   after it, -- vary: is for this case only
#   -- extension: NAME              to compare the case with; it is left out where there is none
#   -- check                        a query that returns true if both sides agree
#   -- ours                         perhaps with " | goal: 500 ns": at most this time a
#                                   row, if there is a scan to count the rows
#   -- theirs: TEXT                 one or more; perhaps with " | goal: 1.2":
#                                   at least this ratio, their time to ours; and with
#                                   " | program: NAME ARG...": not a query, but a program
#                                   of this directory, which prints "Time: N ms"
#   -- scan                         a query that only reads, and returns the number of
#                                   rows: then times net of it are printed too; perhaps
#                                   with " | goal: 500 ns": at most this net time a row
#   -- memory                       such a query too: then it is printed how much further
#                                   ours raises the peak memory of a session that has
#                                   read the table (of the session, not of its workers)
#
# :rows is ROWS, and :here this directory. A program is run with the environment
# that makes psql, in $ICM_BIN, connect to the server.
#
# A query must send no rows, and the planner must not be able to leave anything
# out: it drops a column of a subquery that nobody uses, so count() each one.
set -euo pipefail
shopt -s nullglob
exec </dev/null
# shellcheck source-path=SCRIPTDIR source=../server.sh
source "$(dirname "${BASH_SOURCE[0]}")/../server.sh"

HERE=$ICM_REPO/test/bench
BENCH=${BENCH:-*} CASE=${CASE:-*} ROWS=${ROWS:-10000000} ROUNDS=${ROUNDS:-5} PLAN=${PLAN:-}

die() {
    echo "$*" >&2
    exit 1
}

# ---- reading a bench file -------------------------------------------------

# read_bench FILE: sets title, cases (titles; case 0 is the file's head) and, by
# case and part: sql, label, goal, program; by case: parts, vary, extension
read_bench() {
    local line text number=0 part=head
    title=$(basename "$1" .sql) cases=(head)
    declare -gA sql=() label=() goal=() program=() parts=() vary=() extension=()
    while IFS= read -r line || [[ -n $line ]]; do
        text=${line#*: }
        case $line in
            '-- title: '*) title=$text ;;
            '-- vary: '*) vary[$number]+="$text"$'\n' ;;
            '-- extension: '*) extension[$number]=$text ;;
            '-- case: '*)
                number=${#cases[@]} part=head
                cases+=("$text")
                ;;
            '-- setup' | '-- check' | '-- memory' | '-- theirs: '*) start_part ;;
            '-- ours' | '-- ours | goal: '* | '-- scan' | '-- scan | goal: '*) start_part ;;
            *) sql[$number $part]+="$line"$'\n' ;;
        esac
    done <"$1"
}

# start_part: of read_bench, at a line that a query follows
start_part() {
    part=${line#-- }
    part=${part%%[: ]*}
    if [[ $part == theirs ]]; then part=theirs$(wc -w <<<"${parts[$number]:-}"); fi
    sql[$number $part]=
    if [[ $line == *' | program: '* ]]; then program[$number $part]=${line##* | program: }; fi
    line=${line% | program: *} text=${text% | program: *}
    label[$number $part]=${text% | goal: *}
    if [[ $line == *' | goal: '* ]]; then goal[$number $part]=${line##* | goal: }; fi
    if [[ $part == ours || $part == scan || $part == theirs* ]]; then parts[$number]+="$part "; fi
}

# combinations CASE: one line for each combination of settings, "NAME=VALUE ...";
# what the case varies replaces what the file says of the same setting
combinations() {
    local line name value combination
    local -A values=()
    local names=() lines=('') longer
    while IFS= read -r line; do
        name=${line%%=*}
        if [[ -z ${values[$name]:-} ]]; then names+=("$name"); fi
        values[$name]=${line#*=}
    done < <(printf '%s' "${vary[0]:-}" "${vary[$1]:-}")
    for name in "${names[@]}"; do
        longer=()
        for combination in "${lines[@]}"; do
            for value in ${values[$name]//,/ }; do longer+=("${combination:+$combination }$name=$value"); done
        done
        lines=("${longer[@]}")
    done
    printf '%s\n' "${lines[@]}"
}

# ---- running --------------------------------------------------------------

# settings COMBINATION: as SQL
settings() {
    local setting
    for setting in $1; do
        printf "SET %s = '%s';\n" "${setting%%=*}" "${setting#*=}"
    done | sed 's/^SET workers /SET max_parallel_workers_per_gather /'
}

# bench_psql [ARG...]: with the variables that a bench file may use
bench_psql() { icm_psql -At -v rows="$ROWS" -v here="$ICM_SRC/test/bench" "$@"; }

# check CASE COMBINATION: do both sides give the same?
check() {
    local answer
    if [[ -z ${sql[$1 check]:-} ]]; then return; fi
    answer=$(bench_psql -f - <<<"$(settings "$2")"$'\n'"${sql[$1 check]}")
    [[ $answer == t ]] || die "Both sides do not agree: ${cases[$1]}"
}

# script CASE COMBINATION: for psql; report.awk reads what it prints
script() {
    local round part
    settings "$2"
    for part in ${parts[$1]}; do
        printf '\\echo #part %s|%s|%s|%s\n' "$part" "${label[$1 $part]//|/ }" "${goal[$1 $part]:-}" "${program[$1 $part]:-}"
        if [[ -z ${program[$1 $part]:-} ]]; then printf 'EXPLAIN (COSTS OFF)\n%s\n' "${sql[$1 $part]}"; fi
    done
    if [[ -n ${sql[$1 memory]:-} ]]; then measure_memory "$1"; fi
    printf '\\timing on\n'
    for ((round = 1; round <= ROUNDS; round++)); do
        for part in ${parts[$1]}; do
            printf '\\echo #run %d %s\n%s\n' "$round" "$part" "${sql[$1 $part]}"
            if [[ -n ${program[$1 $part]:-} ]]; then printf "\\\\echo \`:'here'/%s\`\\n" "${program[$1 $part]}"; fi
        done
    done
    printf '\\echo #end\n'
}

# measure_memory CASE: of script. The table is read first, as those of its pages that
# a session has touched count into the peak.
measure_memory() {
    local part
    printf '\\echo #memory\n'
    for part in memory ours; do
        printf '%s\n' "${sql[$1 $part]}" "SELECT 'peak ' ||
            substring(pg_read_file('/proc/self/status', 0, 10000, true) FROM 'VmHWM:\s+(\d+) kB');"
    done
}

# create_extension NAME: false if it is not installed
create_extension() {
    local available
    available=$(icm_psql -Atc "SELECT count(*) FROM pg_available_extensions WHERE name = '$1'")
    if [[ $available == 0 ]]; then
        echo "  The extension $1 is not installed: left out."
        return 1
    fi
    icm_psql -c 'SET client_min_messages = warning' -c "CREATE EXTENSION IF NOT EXISTS $1"
}

run_case() {
    local combination checked=
    printf '\n%s\n' "${cases[$1]}"
    if [[ -n ${extension[$1]:-} ]] && ! create_extension "${extension[$1]}"; then return; fi
    while IFS= read -r combination; do
        if [[ -z $checked ]]; then check "$1" "$combination"; fi
        checked=1
        script "$1" "$combination" | bench_psql -f - |
            awk -v case_title="$name: ${cases[$1]}" -v combination="$combination" -v show_plans="$PLAN" \
                -v results="$results" -f "$HERE/report.awk"
    done < <(combinations "$1")
}

# run_file FILE: in a database of its own
run_file() {
    local number name
    name=$(basename "$1" .sql)
    read_bench "$1"
    printf '\n== %s: %s\n' "$name" "$title"
    icm_psql -c "CREATE DATABASE bench"
    PGDATABASE=bench
    icm_psql -c 'CREATE EXTENSION icm'
    bench_psql -f - <<<"${sql[0 setup]:-}" >/dev/null
    icm_psql -c 'VACUUM ANALYZE' -c 'CHECKPOINT'
    for ((number = 1; number < ${#cases[@]}; number++)); do
        # shellcheck disable=SC2053  # CASE is a pattern
        if [[ ${cases[number]} == $CASE ]]; then run_case "$number"; fi
    done
    PGDATABASE=postgres
    icm_psql -c 'DROP DATABASE bench'
}

# ---- main -----------------------------------------------------------------

memory_mb() { awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo 2>/dev/null || echo 2048; }

# Tables should stay in shared_buffers: those above a quarter of it do not.
start_server() {
    local buffers=$(($(memory_mb) / 3))
    if [[ $buffers -gt 4096 ]]; then buffers=4096; fi
    icm_start "shared_buffers=${buffers}MB" max_wal_size=8GB wal_level=minimal max_wal_senders=0 \
        checkpoint_timeout=1h autovacuum=off synchronize_seqscans=off
}

describe() {
    local load=
    icm_psql -Atc "SELECT format(E'PostgreSQL %s, jit %s, shared_buffers %s, hash_mem_multiplier %s',
        current_setting('server_version'),
        CASE WHEN pg_jit_available() THEN 'on' ELSE 'off' END,
        current_setting('shared_buffers'), current_setting('hash_mem_multiplier', true))"
    printf '%d x %s, %d MB of memory\n' "$(nproc)" \
        "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1)" "$(memory_mb)"
    printf '%d rows; %d rounds, the first of them not counted; the times are medians\n' "$ROWS" "$ROUNDS"
    printf 'ratio: their time to ours (lowest and highest of a round); p: the plan is parallel\n'
    if [[ -r /proc/loadavg ]]; then read -r load _ </proc/loadavg; fi
    if [[ ${load%.*} -gt 0 ]]; then echo "This machine is doing other work (load $load): the numbers will be unsteady."; fi
}

summarize() {
    printf '\n%d goals reached, %d missed\n' "$(grep -c '^reached' "$results")" "$(grep -c '^missed' "$results")"
    sed -n 's/^missed/  missed/p' "$results"
}

main() {
    # shellcheck disable=SC2206  # BENCH is a pattern
    local files=("$HERE"/$BENCH.sql) file pg_config
    [[ -f ${files[0]:-} ]] || die "There is no $HERE/$BENCH.sql."
    [[ $ROWS =~ ^[0-9]+$ && $ROWS -ge 1000 ]] || die "ROWS is a number of at least 1000."
    [[ $ROUNDS =~ ^[0-9]+$ && $ROUNDS -ge 2 ]] || die "ROUNDS is a number of at least 2."
    pg_config=$("$HERE/../setup.sh" bench)
    icm_private_root "$pg_config"
    results=$ICM_ROOT/log/bench.results
    : >"$results"
    # shellcheck disable=SC2119
    icm_build
    start_server
    export ICM_BIN
    describe
    for file in "${files[@]}"; do run_file "$file"; done
    summarize
}

main
