#!/usr/bin/env bash
# make test: builds icm with both compilers, and runs every test there is in a
# private server (see server.sh). The last line is "N passed, N failed" and, when
# something had to be left out, ", N skipped".
#
# usage: test/run.sh (PG_CONFIG in the environment chooses the server)
#
#   test/sql/*.sql      pg_regress; also with assertions on
#   test/specs/*.spec   isolation tester; also with assertions on
#   test/t/*.pl         PostgreSQL::Test (TAP)
#   test/libpq/*.c      programs that use libpq; print TAP; their database has icm
#   test/unit/*.c       programs that use the sources without PostgreSQL alone; print TAP; with sanitizers
set -euo pipefail
shopt -s nullglob
exec </dev/null 2>&1 3>&1
# shellcheck source-path=SCRIPTDIR source=server.sh
source "$(dirname "${BASH_SOURCE[0]}")/server.sh"

SHOWN=300                       # lines of output shown of one failure
passed=0 failed=0 skipped=0

# ---- report ---------------------------------------------------------------

headline() { printf '\n== %s\n' "$*"; }

pass() {
    printf 'ok      %s\n' "$1"
    passed=$((passed + ${2:-1}))
}

# fail NAME [REASON]
fail() {
    printf 'FAILED  %s%s\n' "$1" "${2:+: $2}"
    failed=$((failed + 1))
}

# skip NAME REASON
skip() {
    printf 'skipped: %s: %s\n' "$1" "$2"
    skipped=$((skipped + 1))
}

# show FILE...: the first that has something in it
show() {
    local file
    for file in "$@"; do
        if [[ ! -s $file ]]; then continue; fi
        head -n "$SHOWN" "$file" | sed 's/^/    /'
        if [[ $(wc -l <"$file") -gt $SHOWN ]]; then echo "    ... cut after $SHOWN lines"; fi
        return
    done
}

# Runs whatever the end is: an unforeseen one counts as a failure.
finish() {
    local status=$1
    exec >&3                    # an interrupted step's output was going to its log
    icm_cleanup
    if [[ $status -ne 0 && $failed -eq 0 ]]; then fail "test/run.sh" "ended with status $status"; fi
    if [[ $skipped -gt 0 ]]; then
        printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    else
        printf '\n%d passed, %d failed\n' "$passed" "$failed"
    fi
    [[ $failed -eq 0 && $passed -gt 0 ]] || exit 1
}

# ---- build ----------------------------------------------------------------

# build LABEL [MAKE-ARG...]: from nothing, no warning allowed
build() {
    local label=$1
    shift
    headline "build: $label"
    icm_make clean >/dev/null 2>&1 || true
    if ! icm_make -s WERROR=1 "$@" >"$ICM_ROOT/log/build.log" 2>&1; then
        fail "build: $label"
    elif grep -q 'warning:' "$ICM_ROOT/log/build.log"; then
        fail "build: $label" "warnings"
    else
        echo "done"
        return 0
    fi
    show "$ICM_ROOT/log/build.log"
    return 1
}

# setting NAME: of the server's own build
setting() {
    sed -nE "s/^$1[[:space:]]*=[[:space:]]*(.*[^[:space:]])[[:space:]]*$/\1/p" "$(dirname "$("$ICM_PG_CONFIG" --pgxs)")/../Makefile.global" | head -n 1
}

build_with_clang() {
    local clang
    for clang in clang "$(setting CLANG)"; do
        if ! command -v "$clang" >/dev/null; then continue; fi
        build "$clang" CC="$clang" with_llvm=no all || true
        return
    done
    skip "build: clang" "not installed"
}

# ---- pg_regress and isolation tester --------------------------------------

# verdict LOG NAME: "test NAME ... ok" before version 16, "ok 1 - NAME" since
verdict() {
    sed -nE -e "s/^test $2 +\.\.\. (ok|FAILED).*/\1/p" \
        -e "s/^(ok|not ok) +[0-9]+ +[-+] +$2 .*/\1/p" "$1"
}

# regress KIND LABEL OTHER-KIND FILE...: one installcheck with only this kind
regress() {
    local kind=$1 label=$2 other=$3 log=$ICM_ROOT/log/regress.log status=0 failed_before=$failed unrun='' file name
    shift 3
    if [[ $# -eq 0 ]]; then return; fi
    headline "$label"
    rm -f "$ICM_SRC/regression.diffs"
    icm_make installcheck "$other=" TAP_TESTS= >"$log" 2>&1 || status=$?
    for file in "$@"; do
        name=$(basename "${file%.*}")
        case $(verdict "$log" "$name") in
            ok) pass "$label $name" ;;
            '')
                fail "$label $name" "did not run"
                unrun=1
                ;;
            *) fail "$label $name" ;;
        esac
    done
    if [[ $status -ne 0 && $failed -eq $failed_before ]]; then fail "$label" "$kind ended with status $status"; fi
    if [[ $failed -gt $failed_before ]]; then show "$ICM_SRC/regression.diffs" "$log"; fi
    if [[ -n $unrun ]]; then show "$log"; fi
}

# run_regress [SUFFIX]
run_regress() {
    regress pg_regress "regress${1:-}" ISOLATION "$ICM_SRC"/test/sql/*.sql
}

run_isolation() {
    local specs=("$ICM_SRC"/test/specs/*.spec) tester
    tester=$(dirname "$("$ICM_PG_CONFIG" --pgxs)")/../test/isolation/pg_isolation_regress
    if [[ ${#specs[@]} -gt 0 && ! -x $tester ]]; then
        skip "isolation${1:-}" "this PostgreSQL comes without pg_isolation_regress"
    else
        regress pg_isolation_regress "isolation${1:-}" REGRESS "${specs[@]}"
    fi
}

# ---- programs that print TAP ----------------------------------------------

# tap LABEL LOG STATUS: count what a program printed; subtests are indented and not counted
tap() {
    local label=$1 log=$2 status=$3 plan='' ran=0 bad=0 good=0 left_out=0 line
    while IFS= read -r line; do
        case $line in
            'not ok '[0-9]*'# TODO'*) left_out=$((left_out + 1)) ;;
            'not ok '[0-9]*) bad=$((bad + 1)) ;;
            'ok '[0-9]*'# '[Ss][Kk][Ii][Pp]*)
                skip "$label" "${line##*'# '}"
                ran=$((ran + 1))
                ;;
            'ok '[0-9]*) good=$((good + 1)) ;;
            '1..0'* | *' skipped: '*)   # the second is how prove tells the first
                if [[ -z $plan ]]; then skip "$label" "${line#*skipped: }"; fi
                plan=0
                ;;
            '1..'[0-9]*) plan=${line#1..} plan=${plan%%[!0-9]*} ;;
        esac
    done <"$log"
    ran=$((ran + bad + good + left_out)) skipped=$((skipped + left_out)) failed=$((failed + bad))
    if [[ $good -gt 0 ]]; then pass "$label ($good)" "$good"; fi
    if [[ $bad -gt 0 ]]; then
        echo "FAILED  $label ($bad)"
    elif [[ $plan != "$ran" ]]; then
        bad=1
        fail "$label" "${plan:-nothing} planned, $ran ran, status $status"
    elif [[ $status -ne 0 ]]; then
        bad=1
        fail "$label" "status $status"
    fi
    if [[ $bad -gt 0 ]]; then show "$log"; fi
}

# why the TAP tests cannot run, if they cannot
no_tap() {
    local perl
    perl=$(dirname "$("$ICM_PG_CONFIG" --pgxs)")/../test/perl
    if [[ $(setting enable_tap_tests) != yes ]]; then
        echo "this PostgreSQL was built without TAP tests"
    elif [[ ! -e $perl/PostgreSQL/Test/Cluster.pm && ! -e $perl/PostgresNode.pm ]]; then
        echo "this PostgreSQL comes without its Perl modules for tests"
    elif ! perl -MIPC::Run -e 1 2>/dev/null; then
        echo "Perl's IPC::Run is not installed"
    fi
}

# As PGXS runs them, one file at a time.
run_tap() {
    local tests=("$ICM_SRC"/test/t/*.pl) file name log status reason
    if [[ ${#tests[@]} -eq 0 ]]; then return; fi
    headline "TAP"
    reason=$(no_tap)
    if [[ -n $reason ]]; then
        skip "tap" "$reason"
        return
    fi
    for file in "${tests[@]}"; do
        name=$(basename "$file" .pl) log=$ICM_ROOT/log/tap_$name.log status=0
        icm_make installcheck REGRESS= ISOLATION= PROVE_FLAGS=--verbose \
            PROVE_TESTS="test/t/$name.pl" >"$log" 2>&1 || status=$?
        # a death before the first test is told only in the test's own log
        if [[ $status -ne 0 ]]; then
            tail -n 50 "$ICM_SRC/tmp_check/log/regress_log_$name" 2>/dev/null | sed 's/^/log: /' >>"$log" || true
        fi
        tap "tap $name" "$log" "$status"
    done
}

# program LABEL SOURCE COMPILER-ARG...: compile it and run what was made
program() {
    local label=$1 source=$2 log=$ICM_ROOT/log/program.log status=0 cc
    local binary=$ICM_ROOT/tmp/program
    shift 2
    read -ra cc <<<"$("$ICM_PG_CONFIG" --cc)"
    if ! icm_as_user "${cc[@]}" -g -Wall -Wextra -Werror -o "$binary" "$source" "$@" >"$log" 2>&1; then
        fail "$label" "does not compile"
        show "$log"
        return
    fi
    icm_as_user timeout --foreground 900 "$binary" >"$log" 2>&1 || status=$?
    tap "$label" "$log" "$status"
}

run_libpq() {
    local file name include lib
    local programs=("$ICM_SRC"/test/libpq/*.c)
    if [[ ${#programs[@]} -eq 0 ]]; then return; fi
    headline "libpq"
    include=$("$ICM_PG_CONFIG" --includedir) lib=$("$ICM_PG_CONFIG" --libdir)
    for file in "${programs[@]}"; do
        name=$(basename "$file" .c)
        icm_psql -d postgres -c "CREATE DATABASE libpq_$name"
        icm_psql -d "libpq_$name" -c "CREATE EXTENSION icm"
        PGDATABASE=libpq_$name program "libpq $name" "$file" \
            -I"$include" -L"$lib" -Wl,-rpath,"$lib" -lpq -lpthread -lm
    done
}

sanitizers() {
    local flags=("-fsanitize=address,undefined" -fno-sanitize-recover=undefined)
    local probe=$ICM_ROOT/tmp/probe
    if echo 'int main(void) { return 0; }' |
        icm_as_user gcc "${flags[@]}" -x c -o "$probe" - >/dev/null 2>&1 && icm_as_user "$probe" >/dev/null 2>&1; then
        echo "${flags[@]}"
    fi
}

run_unit() {
    local file flags
    local programs=("$ICM_SRC"/test/unit/*.c)
    if [[ ${#programs[@]} -eq 0 ]]; then return; fi
    headline "unit"
    read -ra flags <<<"$(sanitizers)"
    if [[ ${#flags[@]} -eq 0 ]]; then echo "(without sanitizers: not available)"; fi
    for file in "${programs[@]}"; do
        program "unit $(basename "$file" .c)" "$file" -O1 "${flags[@]}" \
            -I"$ICM_SRC/src" "$ICM_SRC"/src/math/*.c "$ICM_SRC"/src/value/model_*.c "$ICM_SRC"/src/invest/allocation.c -lm
    done
}

# ---- main -----------------------------------------------------------------

trap 'finish $?' EXIT
headline "setup"
pg_config=$("$ICM_REPO/test/setup.sh" test)
icm_private_root "$pg_config"
"$ICM_BIN/postgres" --version
echo "public data sets: ${ICM_SHARED:-none}"
icm_start max_connections=200

run_unit
build_with_clang

# Assertions need no server built with them. It has no bitcode that could be
# inlined in place of the code with assertions.
if build "assertions" COPT=-DUSE_ASSERT_CHECKING=1 with_llvm=no all install; then
    run_regress " (assertions)"
    run_isolation " (assertions)"
fi

if build "$("$ICM_PG_CONFIG" --cc)" all install; then
    run_regress
    run_isolation
    run_tap
    run_libpq
fi
