#!/bin/sh
# Generates data with a known answer. Trains the default, and the recipe two-stage-2019 with each of its samplers.
# Writes a table, pictures and a page to demo/.
#   demo.sh SPHEREC     (the binary, which `make demo` builds)
set -eu
spherec=$1

# Shows a command as a user would type it, and runs it.
run() {
    echo "\$ spherec $*"
    "$spherec" "$@"
}

# field NAME: prints the number with that name from the JSON on standard input.
field() {
    sed -n "s/.*\"$1\": *\([-+.0-9e]*\).*/\1/p"
}

rm -rf demo
echo "Items in 40 planted clusters. Popularity follows a power law. An item's nearest items should share its cluster."
echo "Each item and each user has an angle, too. In a map, a cluster should be a ring."
run generate -o demo --users 3000 --items 2000 --clusters 40 --interactions-per-user 20 --noise 0.2

# The first stage of two-stage must leave items out, or it does not do anything: 200 candidates, a tenth of the items.
flags_of() {
    case $1 in
    default) ;;
    two-stage) echo "--recipe two-stage-2019 --sampler two-stage --candidates 200" ;;
    *) echo "--recipe two-stage-2019 --sampler $1" ;;
    esac
}

printf '%s\n' "model|MAP %|NDCG %|recall %|MMR|coverage %|purity %|seconds" >demo/table.psv
for model in default uniform popularity two-stage; do
    echo
    # shellcheck disable=SC2046  # the flags are words
    run train demo/interactions.csv -o "demo/$model" --force --dim 64 $(flags_of "$model")
    json=$("$spherec" evaluate "demo/$model" -k 50 --labels demo/labels.csv --json)
    number() { printf '%s\n' "$json" | field "$1"; }
    chance=$(number neighbour_purity_by_chance)
    run plot "demo/$model" -o "demo/$model.png" --labels demo/labels.csv
    seconds=$(awk -F, 'NR > 1 { sum += $6 } END { print sum }' "demo/$model/metrics.csv")
    echo "$model $(number map) $(number ndcg) $(number recall) $(number mmr) $(number coverage)" \
        "$(number neighbour_purity) $seconds" |
        awk '{ printf "%s|%.2f|%.2f|%.2f|%.1f|%.1f|%.1f|%.1f\n",
            $1, 100 * $2, 100 * $3, 100 * $4, $5, 100 * $6, 100 * $7, $8 }' >>demo/table.psv
done

echo
run plot demo/default demo/uniform demo/popularity demo/two-stage --curves -o demo/curves.png
run explore demo/default -o demo/map.html --labels demo/labels.csv
echo
echo "What popular items bring the default in accuracy, and cost in popularity bias (MMR):"
run evaluate demo/default -k 50 --popularity 0,0.25,0.5,0.75,1
echo
awk -F'|' '{ for (i = 1; i <= NF; i++) printf(i == 1 ? "%-12s" : "%12s", $i); print "" }' demo/table.psv |
    tee demo/table.txt
echo "$chance" | awk '{ printf "Measured on the held-out part, at k = 50. Purity is the share of an item'\''s 10 " \
    "nearest items that are in its cluster; chance gives %.1f %%.\n", 100 * $1 }' | tee -a demo/table.txt
rm demo/table.psv
echo
echo "The pictures in demo/ show the items of each model, coloured by cluster."
echo "demo/curves.png shows how the trainings went. demo/map.html is a page to explore the model demo/default."
echo "To see a user's recommendations:"
echo "\$ spherec recommend demo/default --user $(sed -n '2s/,.*//p' demo/interactions.csv) -k 5"
