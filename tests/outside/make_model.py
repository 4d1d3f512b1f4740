"""Trains a small model with some hostile ids and labels. Writes PLACE/model and PLACE/labels.csv, and PLACE/biased: the
model with the logarithm of its count as each item's bias.

    make_model.py SPHEREC PLACE
"""
import csv
import hashlib
import json
import shutil
import subprocess
import sys

import numpy
from safetensors.numpy import load_file, save_file

from shared import HOSTILE

spherec, place = sys.argv[1:]
run = lambda *args: subprocess.run([spherec, *args], cwd=place, check=True, stderr=subprocess.PIPE)

run("generate", "-o", ".", "--users", "300", "--items", "120", "--clusters", "6", "--noise", "0.05")
with open(f"{place}/interactions.csv", newline="") as file:
    rows = list(csv.reader(file))
with open(f"{place}/labels.csv", newline="") as file:
    labels = list(csv.reader(file))
# Each hostile item copies the interactions of a popular item, and each hostile user those of an ordinary user.
counts = {}
for user, item, *_ in rows[1:]:
    counts[item] = counts.get(item, 0) + 1
popular = sorted(counts, key=lambda item: -counts[item])
cluster = {row[0]: row[1] for row in labels[1:]}
extra, users = [], sorted({row[0] for row in rows[1:]})
for twin, name in zip(popular, HOSTILE):
    extra += [[row[0], name, *row[2:]] for row in rows[1:] if row[1] == twin]
for twin, name in zip(users, HOSTILE):
    extra += [[name, *row[1:]] for row in rows[1:] if row[0] == twin]
with open(f"{place}/interactions.csv", "w", newline="") as file:
    csv.writer(file).writerows(rows + extra)
with open(f"{place}/labels.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["item", "cluster", "<b>note</b>"])
    # Every tenth item has no label at all.
    writer.writerows([item, cluster[item], ""] for at, item in enumerate(sorted(cluster)) if at % 10)
    writer.writerows([name, "</script><b>bold</b>", f"note of {name}"] for name in HOSTILE)
run("train", "interactions.csv", "-o", "model", "--recipe", "two-stage-2019", "--dim", "16", "--epochs", "12",
    "--batch-size", "64", "--learning-rate", "0.02", "--sampler", "uniform")

biased = f"{place}/biased"
shutil.copytree(f"{place}/model", biased)
tables = load_file(f"{biased}/model.safetensors")
pairs = load_file(f"{biased}/interactions.safetensors")
times = numpy.bincount(pairs["train_items"], minlength=len(tables["items"]))
tables["item_bias"] = (0.1 * numpy.log(times + 1)).astype(numpy.float32)
save_file(tables, f"{biased}/model.safetensors")
with open(f"{biased}/model.json") as file:
    manifest = json.load(file)
manifest["popularity"] = 0.6
with open(f"{biased}/model.json", "w") as file:
    json.dump(manifest, file)
with open(f"{biased}/SHA256SUMS") as file:
    names = [line.split()[1] for line in file]
with open(f"{biased}/SHA256SUMS", "w") as sums:
    for name in names:
        with open(f"{biased}/{name}", "rb") as file:
            sums.write(f"{hashlib.sha256(file.read()).hexdigest()}  {name}\n")
