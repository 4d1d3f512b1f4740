"""Trains spherec's default and implicit's ALS and BPR on the same parts of a file, and prints a table.

    peers.py [--time-to-quality] [--keep FOLDER] SPHEREC FILE [FLAG...]      (peers.sh explains them)

The parts are fold 0 of `spherec data split --folds 4`. A method's lists hold K items for every user with a test item,
without the user's training items. All lists are files, and ir-measures (trec_eval) evaluates all of them alike.

The settings of ALS and BPR are chosen by NDCG on a validation part, a tenth of the training part. The best ones are
then trained on the whole training part, and only that is timed and tested. spherec has its defaults, chosen on no part
of the file. With several threads BPR is not quite the same each time, because they write to the same rows.
"""
import argparse
import csv
import itertools
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import time

import ir_measures
import numpy
import scipy.sparse
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from ir_measures import AP, R, nDCG

from shared import check, run

K = 50
FACTORS = 128
SEED = 0

# Every pair of these. Confidence in a training pair is alpha, in any other 1.
ALS_GRID = [{"alpha": alpha, "regularization": weight, "iterations": 15}
            for alpha, weight in itertools.product([10.0, 20.0, 40.0, 80.0], [10.0, 50.0, 100.0])]
BPR_GRID = [{"learning_rate": rate, "regularization": 0.01, "iterations": iterations}
            for rate, iterations in itertools.product([0.01, 0.05], [100, 300])]

# The first that reaches the NDCG of ALS counts. Each is a training of its own, with a schedule of its own.
EPOCHS = [1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 50]


class Parts:
    """A training and a test part, with numbers for the ids. Ids are bytes, held as Latin-1 text."""

    def __init__(self, train, test):
        train, test = read_pairs(train), read_pairs(test)
        self.users = {id: row for row, id in enumerate(dict.fromkeys(user for user, _ in train))}
        self.items = {id: row for row, id in enumerate(dict.fromkeys(item for _, item in train + test))}
        rows, columns = ([table[id] for id in ids] for table, ids in zip((self.users, self.items), zip(*train)))
        shape = len(self.users), len(self.items)
        self.train = scipy.sparse.csr_matrix((numpy.ones(len(train), numpy.float32), (rows, columns)), shape)
        self.counts = numpy.bincount(columns, minlength=len(self.items))
        self.relevant = {}
        for user, item in test:
            self.relevant.setdefault(self.users[user], set()).add(self.items[item])
        self.test_users = numpy.array(sorted(self.relevant))
        self.size = (f"{len(self.users):,} users, {len(self.items):,} items, {len(train):,} pairs for training, "
                     f"{len(test):,} for the test, {len(self.test_users):,} users with a test item")


def read_pairs(path):
    with open(path, encoding="latin-1", newline="") as file:
        _, *pairs = csv.reader(file)
    return [(user, item) for user, item in pairs]


def id_bytes(text):
    """The id that spherec writes as `text` in lists and in users.txt: a backslash starts an escape there."""
    plain = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\"}
    byte = lambda found: plain.get(found[1]) or bytes.fromhex(found[1][1:].decode())
    return re.sub(rb"\\(x..|.)", byte, text.encode()).decode("latin-1")


def progress(text):
    print(text, file=sys.stderr, flush=True)


# Lists ----------------------------------------------------------------------------------------------------------------

def train_implicit(kind, settings, parts):
    """A model and the seconds that its training took."""
    model = kind(factors=FACTORS, random_state=SEED, num_threads=0, **settings)
    start = time.perf_counter()
    model.fit(parts.train, show_progress=False)
    return model, time.perf_counter() - start


def recommend_implicit(model, parts, path):
    """Writes the lists; returns the seconds that making them took, without writing."""
    start = time.perf_counter()
    lists, _ = model.recommend(parts.test_users, parts.train[parts.test_users], N=K)
    seconds = time.perf_counter() - start
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([user, item] for user, items in zip(parts.test_users, lists) for item in items)
    return seconds


def train_spherec(spherec, split, model, *flags):
    """The seconds of the whole command: reading, training, measuring the test part and saving."""
    start = time.perf_counter()
    run(spherec, "train", f"{split}/train.csv", "--test", f"{split}/test.csv", "-o", model, "--quiet", *flags)
    return time.perf_counter() - start


def recommend_spherec(spherec, model, parts, path):
    """Writes the lists with the numbers of `parts`; returns the seconds of the whole command."""
    with open(f"{model}/users.txt", encoding="utf-8", newline="\n") as file:
        users = [line for line in file if parts.users[id_bytes(line[:-1])] in parts.relevant]
    with open(f"{model}.users", "w", encoding="utf-8", newline="\n") as file:
        file.writelines(users)
    start = time.perf_counter()
    run(spherec, "recommend", model, "--users-file", f"{model}.users", "-k", str(K), "-o", f"{model}.csv")
    seconds = time.perf_counter() - start
    with open(f"{model}.csv", encoding="utf-8", newline="") as file, open(path, "w", newline="") as out:
        writer = csv.writer(out)
        for row in csv.DictReader(file):
            writer.writerow([parts.users[id_bytes(row["user"])], parts.items[id_bytes(row["item"])]])
    return seconds


# Evaluation -----------------------------------------------------------------------------------------------------------

def evaluate(path, parts):
    """The measures of a file of lists. AP is divided by min(relevant, K), as spherec does, so that a full list of hits
    has AP 1; trec_eval divides it by all relevant ("map_trec"). trec_eval's NDCG needs no such change: its ideal list
    has min(relevant, K) items. Recall is divided by all relevant."""
    lists = {user: [] for user in parts.relevant}
    with open(path, newline="") as file:
        for user, item in csv.reader(file):
            lists[int(user)].append(int(item))
    for user, items in lists.items():
        seen = parts.train.indices[parts.train.indptr[user]:parts.train.indptr[user + 1]]
        length = min(K, len(parts.items) - len(seen))
        check(len(set(items)) == len(items) == length, f"{path}: user {user} has {len(items)} items")
        check(not set(items) & set(seen.tolist()), f"{path}: user {user} has training items")
    relevant = {str(user): {str(item): 1 for item in items} for user, items in parts.relevant.items()}
    # trec_eval orders by falling score and by nothing else, so a rank must be a score.
    scored = {str(user): {str(item): float(K - rank) for rank, item in enumerate(items)}
              for user, items in lists.items()}
    names = {AP @ K: "map_trec", nDCG @ K: "ndcg", R @ K: "recall"}
    sums = dict.fromkeys(["map", *names.values()], 0.0)
    for metric in ir_measures.iter_calc(list(names), relevant, scored):
        sums[names[metric.measure]] += metric.value
        if metric.measure == AP @ K:
            count = len(relevant[metric.query_id])
            sums["map"] += metric.value * count / min(count, K)
    measures = {name: total / len(relevant) for name, total in sums.items()}
    measures["mmr"] = statistics.fmean(float(numpy.median(parts.counts[items])) for items in lists.values())
    measures["coverage"] = len(set().union(*lists.values())) / len(parts.items)
    return measures


def check_same(measures, model):
    """spherec's own evaluation of its model must give the numbers that its lists give."""
    with open(f"{model}/model.json", encoding="utf-8") as file:
        own = json.load(file)["metrics"]["test"]
    for name in ("map", "ndcg", "recall", "mmr", "coverage"):
        check(abs(own[name] - measures[name]) < 1e-6,
              f"{name} of spherec is {own[name]}, of its lists {measures[name]}")


# The table ------------------------------------------------------------------------------------------------------------

def shown(settings):
    return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in settings.items())


def row(method, settings, measures, train_seconds, list_seconds):
    percents = [f"{100 * measures[name]:.2f}" for name in ("map", "map_trec", "ndcg", "recall")]
    return [method, settings, *percents, f"{measures['mmr']:.1f}", f"{100 * measures['coverage']:.1f}",
            f"{train_seconds:.1f}", f"{list_seconds:.1f}"]


def implicit_row(name, kind, grid, choosing, parts, place):
    """Chooses settings on the parts `choosing`, then trains and tests the best on `parts`."""
    start, found = time.perf_counter(), []
    for settings in grid:
        model, seconds = train_implicit(kind, settings, choosing)
        recommend_implicit(model, choosing, f"{place}/{name}-valid.csv")
        measures = evaluate(f"{place}/{name}-valid.csv", choosing)
        found.append(measures["ndcg"])
        progress(f"{name}, {shown(settings)}: validation NDCG {100 * found[-1]:.2f}, {seconds:.1f} s")
    grid_seconds = time.perf_counter() - start
    best = grid[found.index(max(found))]
    model, train_seconds = train_implicit(kind, best, parts)
    list_seconds = recommend_implicit(model, parts, f"{place}/{name}.csv")
    measures = evaluate(f"{place}/{name}.csv", parts)
    settings = f"{shown(best)}; best of {len(grid)}, found in {grid_seconds:.0f} s"
    return measures, row(f"implicit's {name}", settings, measures, train_seconds, list_seconds)


def spherec_row(spherec, split, parts, place):
    model = f"{place}/spherec"
    train_seconds = train_spherec(spherec, split, model)
    list_seconds = recommend_spherec(spherec, model, parts, f"{place}/spherec-lists.csv")
    measures = evaluate(f"{place}/spherec-lists.csv", parts)
    check_same(measures, model)
    with open(f"{model}/model.json", encoding="utf-8") as file:
        about = json.load(file)
    metrics = about["metrics"]
    settings = f"defaults; {metrics['epochs_done']} epochs, {metrics['seconds']:.1f} s without start and end"
    return about["adapter"], row("spherec", settings, measures, train_seconds, list_seconds)


def time_to_quality(spherec, split, place, ndcg):
    """The shortest training whose test NDCG is at least that of ALS, and those before it."""
    print(f"\nTime to the test NDCG of ALS, {100 * ndcg:.2f} %. Each line is a whole training, with all defaults but "
          "--epochs. Only the speed is measured here: the epochs are chosen by the test part.\n")
    print_table(["epochs", "NDCG", "s train", "without start and end"], [])
    for epochs in EPOCHS:
        model = f"{place}/spherec-{epochs}-epochs"
        seconds = train_spherec(spherec, split, model, "--epochs", str(epochs))
        with open(f"{model}/model.json", encoding="utf-8") as file:
            metrics = json.load(file)["metrics"]
        ndcg_found = metrics["test"]["ndcg"]
        print_rows([[str(epochs), f"{100 * ndcg_found:.2f}", f"{seconds:.1f}", f"{metrics['seconds']:.1f}"]])
        shutil.rmtree(model)
        if ndcg_found >= ndcg:
            return f"spherec reaches the NDCG of ALS in {seconds:.1f} s, with --epochs {epochs}."
    return f"spherec does not reach the NDCG of ALS in {EPOCHS[-1]} epochs."


def print_table(headings, rows):
    print_rows([headings, ["---"] * len(headings), *rows])


def print_rows(rows):
    for cells in rows:
        print(f"| {' | '.join(cells)} |", flush=True)


def compare(args, place):
    split, choosing = f"{place}/parts/fold-0", f"{place}/choosing"
    cut = lambda file, *flags: run(args.spherec, "data", "split", file, "--seed", str(SEED), *flags)
    cut(args.file, "-o", f"{place}/parts", "--folds", "4", *args.flags)
    cut(f"{split}/train.csv", "-o", choosing, "--ratio", "9:1")
    parts = Parts(f"{split}/train.csv", f"{split}/test.csv")
    choosing = Parts(f"{choosing}/train.csv", f"{choosing}/test.csv")
    progress(f"{args.file}: {parts.size}")
    if os.getloadavg()[0] > 0.5:
        progress("warning: other programs are running here, so the seconds will be too high")
    als, als_row = implicit_row("ALS", AlternatingLeastSquares, ALS_GRID, choosing, parts, place)
    _, bpr_row = implicit_row("BPR", BayesianPersonalizedRanking, BPR_GRID, choosing, parts, place)
    adapter, own_row = spherec_row(args.spherec, split, parts, place)
    print(f"{os.path.basename(args.file)}{''.join(f' {flag}' for flag in args.flags)}: {parts.size}.")
    print(f"ALS and BPR with {FACTORS} factors on {os.cpu_count()} threads; spherec on {adapter}. k = {K}; in percent, "
          "except MMR and seconds.\n")
    headings = ["method", "settings", "MAP", "MAP of trec_eval", "NDCG", "recall", "MMR", "coverage", "s train",
                "s recommend"]
    print_table(headings, [als_row, bpr_row, own_row])
    print(f"\nMAP divides a user's AP by min(relevant, {K}), trec_eval's MAP by all relevant. NDCG has binary gain and "
          f"an ideal list of min(relevant, {K}). MMR is the median training count of a user's {K} items, averaged over "
          "users. The seconds of spherec are those of whole commands, with reading and writing; those of implicit are "
          "of calls in memory.")
    if args.time_to_quality:
        print(f"\n{time_to_quality(args.spherec, split, place, als['ndcg'])}")


def main():
    parser = argparse.ArgumentParser(prog="peers.sh", allow_abbrev=False)
    parser.add_argument("--time-to-quality", action="store_true")
    parser.add_argument("--keep", metavar="FOLDER")
    parser.add_argument("spherec", metavar="SPHEREC")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("flags", metavar="FLAG", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    if not os.access(args.spherec, os.X_OK):
        parser.error(f"{args.spherec} is not a program")
    args.spherec = os.path.abspath(args.spherec)
    if args.keep:
        os.mkdir(args.keep)
        compare(args, os.path.abspath(args.keep))
    else:
        with tempfile.TemporaryDirectory() as place:
            compare(args, place)


main()
