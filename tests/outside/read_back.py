"""Reads each format of `spherec export` with the program it is made for, and compares it bit by bit with the model.

    read_back.py SPHEREC PLACE      (PLACE from make_model.py)
"""
import csv
import json
import subprocess
import sys

import numpy
import pyarrow
import pyarrow.parquet
import safetensors.numpy
from sklearn.manifold import TSNE

from shared import HOSTILE, check, run

spherec, place = sys.argv[1:]


def stored(folder):
    """The tables for a store that compares distances: with an item bias, an item's height is one more coordinate."""
    tables = safetensors.numpy.load_file(f"{folder}/model.safetensors")
    bias = tables.pop("item_bias", None)
    if bias is None:
        return tables
    bias = bias.astype(numpy.float64)
    popularity = json.load(open(f"{folder}/model.json"))["popularity"]
    last = {"users": numpy.zeros(len(tables["users"])), "items": numpy.sqrt(2 * popularity * (bias.max() - bias))}
    return {what: numpy.column_stack([table, last[what].astype(numpy.float32)]) for what, table in tables.items()}


model = stored(f"{place}/model")
lines = lambda path: open(path, encoding="utf-8", newline="\n").read().removesuffix("\n").split("\n")
ids = {what: lines(f"{place}/model/{what}.txt") for what in ("users", "items")}
with open(f"{place}/labels.csv", newline="") as file:
    header, *labelled = csv.reader(file)
unescaped = lambda text: text.encode("latin-1", "backslashreplace").decode("unicode_escape") if "\\" in text else text
escaped = lambda text: "".join({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\u2028": "\\xE2\\x80\\xA8"}.get(c, c) for c in text)
# In a file of metadata, a quote at the start would open a quoted cell for a reader that knows quotes.
metadata = lambda text: "\\x22" + text[1:] if text.startswith('"') else text
label_of = {escaped(row[0]): row[1:] for row in labelled}
check(set(map(escaped, HOSTILE)) <= set(ids["items"]) & set(ids["users"]), "the hostile ids are not in the model")


def export(form, *args):
    folder = f"{place}/{form}{''.join(args)}".replace(f"{place}/labels.csv", "labels")
    run(spherec, "export", f"{place}/model", "-o", folder, "--format", form, *args)
    return folder


def same(found, expected, what):
    found = numpy.asarray(found)
    check(found.dtype == numpy.float32 and found.shape == expected.shape, f"{what}: {found.dtype} {found.shape}")
    check(found.tobytes() == expected.tobytes(), f"{what}: numbers differ")
    check(found.size > 0 and numpy.isfinite(found).all(), f"{what}: empty, or not finite")


def numbers(path):
    return numpy.loadtxt(path, delimiter="\t", dtype=numpy.float32, ndmin=2)


def cells(path):
    return [line.split("\t") for line in lines(path)]


def check_labels(path):
    head, *found = cells(path)
    with open(path, newline="", encoding="utf-8") as file:
        check([head, *found] == list(csv.reader(file, delimiter="\t")), f"{path}: quotes change the cells")
    check(head == ["id", *header[1:]], f"{path}: header {head}")
    check([row[0] for row in found] == list(map(metadata, ids["items"])), f"{path}: ids")
    for row, id in zip(found, ids["items"]):
        expected = [metadata(escaped(label)) for label in label_of.get(id, ["", ""])]
        check(row[1:] == expected, f"{path}: labels of {row[0]} are {row[1:]}, not {expected}")


def text_and_binary():
    folder = export("tsv", "--what", "both")
    for what in ("users", "items"):
        same(numbers(f"{folder}/{what}.tsv"), model[what], f"tsv {what}")
        check(lines(f"{folder}/{what}-metadata.tsv") == list(map(metadata, ids[what])), f"tsv {what}: ids")
    folder = export("npy", "--what", "both")
    for what in ("users", "items"):
        same(numpy.load(f"{folder}/{what}.npy", allow_pickle=False), model[what], f"npy {what}")
    folder = export("safetensors", "--what", "both")
    for what in ("users", "items"):
        same(safetensors.numpy.load_file(f"{folder}/{what}.safetensors")[what], model[what], f"safetensors {what}")
    for form in ("tsv", "npy", "safetensors"):
        check_labels(export(form, "--labels", f"{place}/labels.csv") + "/items-metadata.tsv")


def tables():
    folder = export("csv", "--labels", f"{place}/labels.csv")
    with open(f"{folder}/items.csv", newline="", encoding="utf-8") as file:
        head, *found = csv.reader(file)
    check(head == ["id", *header[1:]] + [f"d{at}" for at in range(16)], f"csv: header {head}")
    check([row[0] for row in found] == ids["items"], "csv: ids")
    check(all(row[1:3] == list(map(escaped, label_of.get(row[0], ["", ""]))) for row in found), "csv: labels")
    same(numpy.array([row[3:] for row in found], dtype=numpy.float32), model["items"], "csv")
    folder = export("csv", "--csv-safe", "--what", "users")
    with open(f"{folder}/users.csv", newline="", encoding="utf-8") as file:
        found = [row[0] for row in csv.reader(file)][1:]
    check(not any(cell.startswith(tuple("=+-@\t\r\n")) for cell in found), "csv-safe: a cell is still a formula")
    check("'@sum(1)" in found and len(found) == len(ids["users"]), "csv-safe: ids")
    listed = run(spherec, "recommend", f"{place}/model", "--user", "@sum(1)", "--csv-safe", "-k", "2")
    check("\n'@sum(1)," in listed, f"csv-safe in lists: {listed}")


def parquet():
    done = subprocess.run([spherec, "export", f"{place}/model", "-o", f"{place}/none", "--format", "parquet"],
                          capture_output=True, text=True)
    if "not part of this build" in done.stderr:
        print("NOT CHECKED: Parquet, because this binary was built without it")
        return
    folder = export("parquet", "--labels", f"{place}/labels.csv")
    table = pyarrow.parquet.read_table(f"{folder}/items.parquet")
    check(table.column_names == ["id", *header[1:], "embedding"], f"parquet: {table.column_names}")
    check(table["id"].type == pyarrow.string() and table["id"].to_pylist() == ids["items"], "parquet: ids")
    for at, name in enumerate(header[1:]):
        expected = [escaped(label_of.get(id, ["", ""])[at]) or None for id in ids["items"]]
        check(table[name].to_pylist() == expected, f"parquet: {name}")
    check(pyarrow.types.is_list(table["embedding"].type), "parquet: no list")
    same(numpy.array(table["embedding"].to_pylist(), dtype=numpy.float32), model["items"], "parquet")


def projector():
    folder = export("projector")
    check(lines(f"{folder}/metadata.tsv") == list(map(metadata, ids["items"])), "projector: a file with one column must have no header")
    folder = export("projector", "--labels", f"{place}/labels.csv")
    check_labels(f"{folder}/metadata.tsv")
    folder = export("projector", "--what", "both")
    [tensor] = json.load(open(f"{folder}/config.json"))["embeddings"]
    both = numpy.concatenate([model["items"], model["users"]])
    check(tensor["tensorShape"] == list(both.shape), f"projector: {tensor}")
    same(numbers(f"{folder}/{tensor['tensorPath']}"), both, "projector")
    head, *found = cells(f"{folder}/{tensor['metadataPath']}")
    expected = [[id, "item"] for id in ids["items"]] + [[id, "user"] for id in ids["users"]]
    check(head == ["id", "kind"] and found == expected, "projector: metadata")


def stores():
    """Exact search in the exports of a model with an item bias finds the scores of the model in order."""
    tables = safetensors.numpy.load_file(f"{place}/biased/model.safetensors")
    scores = tables["users"].astype(float) @ tables["items"].astype(float).T
    for metric, popularity in (("l2", 0.6), ("ip", 0.6), ("l2", 1.0), ("ip", 0.0)):
        folder = f"{place}/store-{metric}-{popularity}"
        run(spherec, "export", f"{place}/biased", "-o", folder, "--what", "both", "--format", "npy", "--metric", metric,
            "--popularity", str(popularity))
        read = lambda what: numpy.load(f"{folder}/{what}.npy", allow_pickle=False)
        if (metric, popularity) == ("l2", 0.6):
            expected = stored(f"{place}/biased")
            for what in ("users", "items"):
                same(read(what), expected[what], f"store of {what}")
        users, items = read("users").astype(float), read("items").astype(float)
        check(users.shape[1] == items.shape[1] == tables["items"].shape[1] + 1, f"{metric}: {users.shape} {items.shape}")
        far = ((users[:, None] - items[None]) ** 2).sum(axis=2) if metric == "l2" else -users @ items.T
        found = numpy.take_along_axis(scores + popularity * tables["item_bias"], far.argsort(axis=1), axis=1)
        check((numpy.diff(found, axis=1) <= 1e-6).all(), f"{metric} at {popularity}: the order is another")


def t_sne():
    """scikit-learn reads an export and finds the planted clusters in it."""
    rows = numbers(export("tsv", "--force") + "/items.tsv")
    points = TSNE(init="pca", random_state=0, perplexity=15).fit_transform(rows)
    check(points.shape == (len(ids["items"]), 2) and numpy.isfinite(points).all(), "t-SNE")
    groups = [label_of.get(id, [None])[0] for id in ids["items"]]
    same_group = []
    for at, group in enumerate(groups):
        near = numpy.argsort(((points - points[at]) ** 2).sum(axis=1))[1:6]
        if group is not None and not group.startswith("<"):
            same_group.append(numpy.mean([groups[other] == group for other in near]))
    check(numpy.mean(same_group) > 0.5, f"t-SNE: {numpy.mean(same_group)} of neighbours share a cluster")


for part in (text_and_binary, tables, parquet, projector, stores, t_sne):
    part()
print("exports: NumPy, safetensors, pyarrow, csv and scikit-learn read them right")
