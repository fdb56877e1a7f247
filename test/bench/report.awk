# Reads what psql prints for the script that bench.sh makes of one case with one
# combination of settings; prints medians and ratios, and appends to the file
# "results" which goals were reached.

/^#part / {
    split(substr($0, 7), field, "|")
    part = field[1]
    order[++parts] = part
    label[part] = field[2]
    goal[part] = field[3]
    program[part] = field[4]
    next
}
/^#run / { round = $2; part = $3; next }
/^#end/ { complete = 1 }
/^#memory/ { part = "memory"; next }
/^peak [0-9]+$/ { peak[++peaks] = $2 }      # kB
!round { plan[part] = plan[part] "      " $0 "\n" }
/^Time: / { took[part, round] += $2 }
/^[0-9]+$/ && part == "scan" { rows = $1 }
/^[0-9]+$/ && part == "memory" && !peaks { memory_rows = $1 }

function name(part) { return part == "ours" ? part : part == "scan" ? "ours, net of reading the table" : label[part] }

function median(part,    n, i, j, time, sorted) {
    for (i = 2; i <= round; i++) {
        time = took[part, i]
        for (j = n++; j > 0 && sorted[j] > time; j--) sorted[j + 1] = sorted[j]
        sorted[j + 1] = time
    }
    return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

function spread(part,    i, ratio, low, high) {
    for (i = 2; i <= round; i++) {
        ratio = took[part, i] / took["ours", i]
        if (i == 2 || ratio < low) low = ratio
        if (i == 2 || ratio > high) high = ratio
    }
    return sprintf("(%.2f-%.2f)", low, high)
}

function ms(part) { return sprintf("%.1f%s", median(part), plan[part] ~ /Workers Planned/ ? "p" : " ") }

# a row, net of reading the table
function ns(part) { return (median(part) - median("scan")) * 1e6 / rows }

# a time a row, which may have a goal
function print_ns(part, text, measured) {
    printf "    %-50s %9.1f  %9s  %8s  %-13s %6s  %s\n", text ", ns a row", measured, "", "", "", goal[part],
        judge(part, measured <= goal[part] + 0, sprintf("%.1f ns", measured))
}

# "reached" or "missed", which is also noted for the end; nothing where there is no goal
function judge(part, reached, measured,    verdict) {
    if (goal[part] == "") return ""
    verdict = reached ? "reached" : "missed"
    printf "%s: %s, %s: %s: %s, goal %s\n", verdict, case_title, combination, name(part), measured, goal[part] >>results
    return verdict
}

function print_ratio(part,    ratio, verdict) {
    ratio = sprintf("%.2f", median(part) / median("ours"))      # judged as it is shown
    verdict = judge(part, ratio + 0 >= goal[part] + 0, ratio)
    printf "    %-50s %10s %10s %7sx  %-13s %6s  %s\n", label[part], ms("ours"), ms(part), ratio, spread(part),
        goal[part], verdict
    if (rows && ns("ours") > 0 && program[part] == "")
        printf "      %-48s %9.1f  %9.1f  %7.2fx\n", "net of reading the table, ns a row", ns("ours"), ns(part),
            ns(part) / ns("ours")
}

END {
    if (!complete) exit 1
    for (i = 1; i <= parts; i++)
        for (j = 1; j <= round; j++)
            if (!((order[i], j) in took)) {
                printf "%s: %s: no time was printed\n", case_title, name(order[i]) >"/dev/stderr"
                exit 1
            }
    printf "  %-52s %9s  %9s  %8s  %-13s %6s\n", combination, "ours ms", "theirs ms", "ratio", "", "goal"
    for (i = 1; i <= parts; i++)
        if (order[i] ~ /^theirs/) print_ratio(order[i])
    if (goal["ours"] != "") print_ns("ours", name("ours"), median("ours") * 1e6 / rows)
    if (goal["scan"] != "") print_ns("scan", name("scan"), ns("ours"))
    if (peak[2])
        printf "    %-50s %7.1f MB  %6.1f bytes a row\n", "memory of ours, net of reading the table",
            (peak[2] - peak[1]) / 1024, (peak[2] - peak[1]) * 1024 / memory_rows
    if (show_plans == "") exit
    for (i = 1; i <= parts; i++) printf "\n    %s:\n%s", order[i] == "scan" ? "reading the table" : name(order[i]), plan[order[i]]
    printf "\n"
}
