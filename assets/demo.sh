#!/bin/sh
# Data whose right answer is known, three samplers trained on it, one table, pictures, a page; all in demo/.
#   demo.sh SPHEREC     (the binary; `make demo` builds it)
set -eu
spherec=$1

# Runs a command after showing it as a user would type it.
run() {
    echo "\$ spherec $*"
    "$spherec" "$@"
}

# field NAME: the number of that name in the JSON on standard input.
field() {
    sed -n "s/.*\"$1\": *\([-+.0-9e]*\).*/\1/p"
}

rm -rf demo
echo "Items in 40 planted clusters, popularity by a power law: items nearest an item should share its cluster."
run generate -o demo --users 3000 --items 2000 --clusters 40 --interactions-per-user 20 --noise 0.2

printf '%s\n' "sampler|MAP %|NDCG %|recall %|MMR|coverage %|purity %|seconds" >demo/table.psv
for sampler in uniform popularity two-stage; do
    echo
    run train demo/interactions.csv -o "demo/$sampler" --sampler "$sampler" --dim 64
    json=$("$spherec" evaluate "demo/$sampler" -k 50 --labels demo/labels.csv --json)
    number() { printf '%s\n' "$json" | field "$1"; }
    chance=$(number neighbour_purity_by_chance)
    run plot "demo/$sampler" -o "demo/$sampler.png" --labels demo/labels.csv
    seconds=$(awk -F, 'NR > 1 { sum += $6 } END { print sum }' "demo/$sampler/metrics.csv")
    echo "$sampler $(number map) $(number ndcg) $(number recall) $(number mmr) $(number coverage)" \
        "$(number neighbour_purity) $seconds" |
        awk '{ printf "%s|%.2f|%.2f|%.2f|%.1f|%.1f|%.1f|%.1f\n",
            $1, 100 * $2, 100 * $3, 100 * $4, $5, 100 * $6, 100 * $7, $8 }' >>demo/table.psv
done

echo
run plot demo/uniform demo/popularity demo/two-stage --curves -o demo/curves.png
run explore demo/two-stage -o demo/map.html --labels demo/labels.csv
echo
awk -F'|' '{ for (i = 1; i <= NF; i++) printf(i == 1 ? "%-12s" : "%12s", $i); print "" }' demo/table.psv |
    tee demo/table.txt
echo "$chance" | awk '{ printf "At k = 50, on the held-out part. Purity: the share of an item'\''s 10 nearest items " \
    "in its cluster; %.1f %% by chance.\n", 100 * $1 }' | tee -a demo/table.txt
rm demo/table.psv
echo "demo/uniform.png and the like show the items of each model, coloured by cluster; demo/curves.png the trainings;"
echo "demo/map.html is a page to look around in the two-stage model, demo/two-stage:"
echo "\$ spherec recommend demo/two-stage --user $(sed -n '2s/,.*//p' demo/interactions.csv) -k 5"
