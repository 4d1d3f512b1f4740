"""Searches good defaults over several data sets, on their validation parts only.

    search.py SPHEREC -o RESULTS --data "FILE [FLAG...]" [--data ...] [--settings FILE]

Every line of settings is trained on every data set: fold 0 of 4 by user, a tenth of the training part for validation.
A row of the table is one line of settings: NDCG on each validation part in percent, then its NDCG and its MAP as
multiples of the first line's, as means over the data sets. `train` measures the test part too, but nothing here reads
it. For a single data set, `spherec tune` is better: it has more folds.

The lines are BASE with each of VARIATIONS, whose flags replace those of BASE. A file given with --settings has lines of
flags instead, the first of them the base; empty lines and those that start with # are skipped. RESULTS gets a line of
JSON a run; the same command continues where it was stopped. Needs Python 3.9 and nothing else.

    python3 benches/search.py target/release/spherec -o search.jsonl --data users.dat --data user_artists.dat.gz \\
        --data "BX-Book-Ratings.csv.gz --preset book-crossing --min-user-interactions 20"
"""
import argparse
import hashlib
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

PROTOCOL = "--folds 4 --fold 0 --valid-fraction 0.1 --seed 0 --patience 0"

BASE = ("--loss softmax --sampler shared --temperature 0.1 --candidates 500 --beta 0.5 --batch-size 256 "
        "--learning-rate 1e-3 --schedule linear --start-norm 0.1 --item-bias-rate 0.2 --item-bias-start 1 --epochs 12")

# One setting at a time; then, around the best, what may depend on each other.
VARIATIONS = [
    *(f"--temperature {x}" for x in (0.08, 0.12, 0.15, 0.2)),
    *(f"--candidates {x}" for x in (200, 1000, 2000)),
    *(f"--beta {x}" for x in (0, 1)),
    *(f"--batch-size {x}" for x in (128, 512, 1024)),
    *(f"--learning-rate {x}" for x in (5e-4, 2e-3, 4e-3)),
    *(f"--start-norm {x}" for x in (0.03, 0.3, 1)),
    *(f"--item-bias-rate {x}" for x in (0, 0.1, 0.5, 1)),
    *(f"--item-bias-start {x}" for x in (0, 0.5)),
    *(f"--epochs {x}" for x in (6, 20, 30)),
    *(f"--batch-size {b} --learning-rate {r}" for b in (512, 1024) for r in (2e-3, 4e-3)),
]


def parse(text):
    """The flags of a line, by name. A flag may have one value, or none."""
    flags, name = {}, None
    for word in shlex.split(text):
        if word.startswith("--"):
            name, _, value = word.partition("=")
            flags[name] = [value] if value else []
        elif name is None or flags[name]:
            sys.exit(f"{text!r}: {word} belongs to no flag")
        else:
            flags[name] = [word]
    return flags


def words(flags):
    return [word for name, values in flags.items() for word in (name, *values)]


def read_settings(path):
    """The lines of settings, each with its text for the table."""
    if path is None:
        base = parse(BASE)
        return [(BASE, base)] + [(text, {**base, **parse(text)}) for text in VARIATIONS]
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    return [(line, parse(line)) for line in lines if line and not line.startswith("#")]


def train(spherec, data, flags, place):
    """The record of one run, or None if it failed."""
    # One measurement, at the end: else the best epoch would be chosen by the numbers that are compared.
    if "--epochs" in flags and "--evaluate-every" not in flags:
        flags = {**flags, "--evaluate-every": flags["--epochs"]}
    model = f"{place}/model"
    command = [spherec, "train", *shlex.split(data), "-o", model, "--quiet", *words({**parse(PROTOCOL), **flags})]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        print(f"{shlex.join(command)}\n{done.stderr.strip()}", file=sys.stderr)
        return None
    with open(f"{model}/model.json", encoding="utf-8") as file:
        valid = json.load(file)["metrics"]["valid"]
    shutil.rmtree(model)
    return {"ndcg": valid["ndcg"], "map": valid["map"], "mmr": valid["mmr"], "seconds": seconds}


def row(text, runs, first):
    """A row of the table; a run that failed, and what follows from it, is a dash."""
    def mean_ratio(measure):
        if None in runs or None in first:
            return "-"
        return f"{statistics.fmean(run[measure] / base[measure] for run, base in zip(runs, first)):.3f}"
    percents = [f"{100 * run['ndcg']:.2f}" if run else "-" for run in runs]
    seconds = f"{sum(run['seconds'] for run in runs if run):.0f}"
    return f"| {' | '.join([text or 'defaults', *percents, mean_ratio('ndcg'), mean_ratio('map'), seconds])} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spherec", metavar="SPHEREC")
    parser.add_argument("-o", dest="results", metavar="RESULTS", required=True)
    parser.add_argument("--data", action="append", required=True)
    parser.add_argument("--settings", metavar="FILE")
    args = parser.parse_args()
    settings = read_settings(args.settings)
    with open(args.spherec, "rb") as file:
        binary = hashlib.sha256(file.read()).hexdigest()
    known = {}
    if os.path.exists(args.results):
        with open(args.results, encoding="utf-8") as file:
            for line in file:
                record = json.loads(line)
                known[record["binary"], record["data"], record["flags"]] = record
    names = [os.path.basename(shlex.split(data)[0]) for data in args.data]
    print(f"| {' | '.join(['flags', *names, 'NDCG ratio', 'MAP ratio', 'seconds'])} |")
    print(f"|{' --- |' * (len(names) + 4)}", flush=True)
    first = None
    with tempfile.TemporaryDirectory() as place, open(args.results, "a", encoding="utf-8") as log:
        # A copy, because a build during a long search would change the program that is measured.
        spherec = shutil.copy(args.spherec, f"{place}/spherec")
        for text, flags in settings:
            runs = []
            for data in args.data:
                key = binary, data, shlex.join(words(flags))
                run = known.get(key)
                if run is None and (run := train(spherec, data, flags, place)) is not None:
                    log.write(json.dumps({"binary": key[0], "data": key[1], "flags": key[2], **run}) + "\n")
                    log.flush()
                runs.append(run)
            first = first or runs
            print(row(text, runs, first), flush=True)


main()
