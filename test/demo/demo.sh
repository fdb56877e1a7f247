#!/usr/bin/env bash
# The demo: what icm does, on a company's data or on the user's own orders, in a
# private, throw-away server.
#
# Usage: make demo [CSV=file] [KEEP=1]
#   CSV=file  orders of your own: customer, day, revenue[, cost]; see csv.sh
#   KEEP=1    leaves the server running, for a psql on it
set -euo pipefail
export LC_ALL=C         # bytes: the first line of a CSV file is looked at

# shellcheck source-path=SCRIPTDIR source=../server.sh
source "$(dirname "${BASH_SOURCE[0]}")/../server.sh"
# shellcheck source=csv.sh
source "$ICM_REPO/test/demo/csv.sh"

say() { printf '%s\n' "$@"; }
die() { printf '%s\n' "$@" >&2; exit 1; }

# demo_sql FILE [ARG...]
demo_sql() { icm_psql -f "$ICM_SRC/test/demo/$1" "${@:2}"; }

# demo_count TABLE [CONDITION]: its rows, with thousands separators
demo_count() {
    icm_psql -Atc "SELECT to_char(count(*), 'FM999,999,999,990') FROM $1 WHERE ${2:-true}"
}

demo_server() {
    local pg_config
    pg_config=$("$ICM_REPO/test/setup.sh" demo)
    icm_private_root "$pg_config"
    export PGCLIENTENCODING=UTF8
    say "1. Building icm, and starting $("$pg_config" --version) as user $ICM_USER,"
    say "   on a Unix socket in $ICM_ROOT; no other server is touched"
    # shellcheck disable=SC2119
    icm_build
    # shellcheck disable=SC2119
    icm_start
    icm_psql -c 'CREATE EXTENSION icm'
}

# demo_report COMPANY: true for the company's data
demo_report() {
    local part
    for part in report predict concentration grade migration strategy invest check; do
        demo_sql "$part.sql" -v company="$1"
    done
}

demo_company() {
    local table
    say "" "2. Generating a company's data for 2023 and 2024 with SQL"
    demo_sql generate.sql
    for table in customers retail_orders online_orders contract_invoices returns calls contacts wallets; do
        printf '   %-18s %8s\n' "$table" "$(demo_count $table)"
    done
    say "" "3. Making one ledger per customer from all of it"
    demo_sql company.sql
    say "   $(demo_count events) rows became $(demo_count ledgers) ledgers."
    demo_report true
    demo_sql wallet.sql
    demo_sql contact.sql
}

demo_orders() {
    local used='revenue IS NOT NULL OR cost IS NOT NULL' empty
    say "" "2. Loading $CSV_FILE"
    if [[ ${#CSV_IGNORED[@]} -gt 0 ]]; then say "   not needed, and ignored: $(csv_list "${CSV_IGNORED[@]}")"; fi
    csv_load
    [[ $(demo_count orders "$used") != 0 ]] || die "$CSV_FILE: there are no orders in it."
    say "   rows: $(demo_count orders)"
    empty=$(demo_count orders "NOT ($used)")
    if [[ $empty != 0 ]]; then say "   left out, as they have neither revenue nor cost: $empty"; fi
    say "" "3. Making one ledger per customer"
    demo_sql orders.sql
    say "   ledgers: $(demo_count ledgers)"
    demo_report false
}

demo_end() {
    if [[ ${KEEP:-} == 1 ]]; then
        icm_keep
        say "To try there: SELECT * FROM worth ORDER BY value DESC LIMIT 10;"
    else
        say "The server is stopped and removed. To leave it running, and to get a psql on these data:"
        say "  make demo ${CSV:+CSV=$(printf %q "$CSV") }KEEP=1"
    fi
}

main() {
    if [[ -n ${CSV:-} ]]; then csv_open "$CSV"; fi
    demo_server
    if [[ -n ${CSV:-} ]]; then demo_orders; else demo_company; fi
    demo_end
}

main
