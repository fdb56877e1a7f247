# shellcheck shell=bash
# The user's own orders from a CSV file. Sourced by demo.sh; needs its die().
#
#   csv_open FILE      looks at the file and its header, before anything is built
#   csv_load           loads it into the table orders (customer, day, revenue, cost)
#
# What COPY finds wrong is told in the user's terms: the line, the column, the value.

csv_usage="The columns are customer, day, revenue and, if there is one, cost, separated by commas,
semicolons or tabs. A header may name them in any order, also as customer_id, date, amount;
without one, the order is this one. A day is written 2024-12-31 and may carry a time; an
amount is written 1234.50. Revenue is negative for a refund and empty where there is only a
cost. The file is in UTF-8."

# csv_open FILE
csv_open() {
    CSV_FILE=$1
    [[ -e $CSV_FILE ]] || die "$CSV_FILE: there is no such file."
    [[ -f $CSV_FILE ]] || die "$CSV_FILE is not a file."
    [[ -r $CSV_FILE ]] || die "$CSV_FILE cannot be read by $(id -un)."
    local first
    IFS= read -r first < <(csv_lines) || die "$CSV_FILE is empty." "$csv_usage"
    [[ $first != $'\xff\xfe'* && $first != $'\xfe\xff'* ]] ||
        die "$CSV_FILE, line 1: this is UTF-16. Please save it as UTF-8."
    csv_separator "$first"
    csv_split "$first"
    csv_header
}

# The file without byte order mark, carriage returns and empty lines at its end,
# with the lines numbered as they were. An end mark of psql's is made an ordinary field.
csv_lines() {
    awk 'NR == 1 { sub(/^\357\273\277/, "") }
        { sub(/\r$/, "") }
        /^\\\.$/ { $0 = "\"\\.\"" }
        /^[ \t]*$/ { empty++; next }
        { while (empty > 0) { print ""; empty-- } print }' <"$CSV_FILE"
}

csv_separator() {
    CSV_SEPARATOR=,
    case $1 in
        *,*) ;;
        *\;*) CSV_SEPARATOR=';' ;;
        *$'\t'*) CSV_SEPARATOR=$'\t' ;;
    esac
}

# csv_split LINE: sets CSV_FIELDS
csv_split() {
    local rest=$1 field
    local pattern="^ *(\"(([^\"]|\"\")*)\" *|([^$CSV_SEPARATOR]*))($CSV_SEPARATOR|\$)"
    CSV_FIELDS=()
    while [[ $rest =~ $pattern ]]; do
        field=${BASH_REMATCH[2]}${BASH_REMATCH[4]}
        CSV_FIELDS+=("$field")
        rest=${rest:${#BASH_REMATCH[0]}}
        if [[ -z ${BASH_REMATCH[5]} ]]; then break; fi
    done
}

# Sets CSV_HEADER; CSV_COLUMNS, the table's column for each of the file's; and
# CSV_IGNORED, the names of those that are not needed.
csv_header() {
    local field column known='' other=0
    CSV_COLUMNS=() CSV_IGNORED=()
    for field in "${CSV_FIELDS[@]}"; do
        column=$(csv_column "$field")
        if [[ -z $column ]]; then
            column=other_$((++other))
            CSV_IGNORED+=("${field:-(unnamed)}")
        elif [[ $known == *" $column "* ]]; then
            die "$CSV_FILE, line 1: two columns are the $column."
        else
            known+=" $column "
        fi
        CSV_COLUMNS+=("$column")
    done
    if [[ -n $known ]]; then
        CSV_HEADER=true
        csv_require "$known"
    else
        csv_no_header
    fi
}

# csv_column NAME: the column that a header's field means, whatever its letter case
csv_column() {
    local name=${1,,}
    case ${name//[ _-]/} in
        customer | customerid) echo customer ;;
        day | date) echo day ;;
        revenue | amount) echo revenue ;;
        cost) echo cost ;;
    esac
}

# csv_require KNOWN
csv_require() {
    local column
    for column in customer day revenue; do
        [[ $1 == *" $column "* ]] ||
            die "$CSV_FILE, line 1: the header has no column $column; it has: $(csv_list "${CSV_FIELDS[@]}")" \
                "$csv_usage"
    done
}

csv_no_header() {
    local count=${#CSV_FIELDS[@]}
    CSV_HEADER=false CSV_IGNORED=()
    CSV_COLUMNS=(customer day revenue cost)
    [[ $count -eq 3 || $count -eq 4 ]] ||
        die "$CSV_FILE, line 1: neither a header nor three or four columns." "$csv_usage"
    CSV_COLUMNS=("${CSV_COLUMNS[@]:0:count}")
}

# csv_list WORD...: with commas
csv_list() {
    local list
    printf -v list '%s, ' "$@"
    printf '%s\n' "${list%, }"
}

# The table is typed, so that COPY itself finds what is wrong and where.
csv_load() {
    local log=$ICM_ROOT/log/csv.log column needed=() others='' drop=''
    for column in "${CSV_COLUMNS[@]}"; do
        if [[ $column == other_* ]]; then
            others+=", $column text" drop+=", DROP COLUMN $column"
        else
            needed+=("$column")
        fi
    done
    icm_psql -v others="$others" -f "$ICM_SRC/test/demo/csv.sql"
    if ! csv_lines | icm_psql -c "\\copy orders ($(csv_list "${CSV_COLUMNS[@]}")) FROM pstdin WITH (FORMAT csv,
        HEADER $CSV_HEADER, DELIMITER '$CSV_SEPARATOR', FORCE_NULL ($(csv_list "${needed[@]}")))" 2>"$log"; then
        csv_explain "$log"
    fi
    icm_psql -c "ALTER TABLE orders ALTER day TYPE date USING day::date$drop"
}

# csv_explain LOG: from COPY's error; its context is "COPY orders, line 7, column cost: "abc""
csv_explain() {
    local error where line column value
    error=$(sed -n 's/^.*ERROR: *//p' "$1" | head -n 1)
    where=$(sed -n 's/^CONTEXT: *COPY orders, //p' "$1" | head -n 1)
    if [[ ! $where =~ ^line\ ([0-9]+)(,\ column\ \"?([a-z_0-9]+)\"?)?(:\ (.*))?$ ]]; then
        cat "$1" >&2
        die "$CSV_FILE could not be loaded."
    fi
    line=${BASH_REMATCH[1]} column=${BASH_REMATCH[3]} value=${BASH_REMATCH[5]}
    if [[ $value == 'null input' || -z ${value//[\" ]/} ]]; then value='an empty field'; fi
    case $error:$column in
        missing*) die "$CSV_FILE, line $line: fewer than ${#CSV_COLUMNS[@]} fields." "$csv_usage" ;;
        extra*) die "$CSV_FILE, line $line: more than ${#CSV_COLUMNS[@]} fields." "$csv_usage" ;;
        *:customer) die "$CSV_FILE, line $line, column customer: the customer is empty." ;;
        *:day) csv_die_in "$line" day "$value is not a day, such as 2024-12-31." ;;
        *:revenue | *:cost) csv_die_in "$line" "$column" "$value is not an amount, such as 1234.50." ;;
        invalid\ byte*) die "$CSV_FILE, line $line: $error. Please save the file as UTF-8." ;;
        *) die "$CSV_FILE, line $line: $error." ;;
    esac
}

# csv_die_in LINE COLUMN MESSAGE
csv_die_in() {
    local hint=()
    if [[ $1 == 1 ]]; then hint=("Line 1 is not taken for a header, as it names none of the columns." "$csv_usage"); fi
    die "$CSV_FILE, line $1, column $2: $3" "${hint[@]}"
}
