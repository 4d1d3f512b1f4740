#!/usr/bin/env python3
"""Golden steps with networks that project features, by PyTorch in float64.

Writes tests/golden/network_*.json: python3 tests/outside/networks.py tests/golden. Needs PyTorch. Nothing here is shared
with the project but the definitions: L = triplet loss + feature_weight * sum |f(x) - e|^2 over the rows of the step that
have features, f(x) = b2 + W2 dropout(relu(b1 + W1 x)); or e = row + f(x) for these rows, L = BPR's loss of inner products,
and f perhaps linear, b1 + W1 x; dense Adam or AdaGrad; in the ball, rows are projected after the step. What dropout leaves out follows from the random words of the project (PCG4D), written here again.
"""

import json
import pathlib
import sys

import torch

MASK = 0xFFFFFFFF
DROPOUT_PURPOSE = 10
USERS, ITEMS, DIM, HIDDEN, FEATURES = 6, 12, 5, 8, 7
BATCH, NEGATIVES, STEPS, SEED = 6, 2, 4, 0


def pcg4d(x, y, z, w):
    x, y, z, w = ((v * 1664525 + 1013904223) & MASK for v in (x, y, z, w))
    for round_ in range(2):
        x = (x + y * w) & MASK
        y = (y + z * x) & MASK
        z = (z + x * y) & MASK
        w = (w + y * z) & MASK
        if round_ == 0:
            x, y, z, w = (v ^ (v >> 16) for v in (x, y, z, w))
    return x, y, z, w


def key(seed, purpose, index):
    first = pcg4d(seed & MASK, seed >> 32, purpose, 0x5EED)
    second = pcg4d(first[0], first[1], index & MASK, (index >> 32) ^ first[2])
    return second[0], second[1]


def kept(step, side, row_count, dropout):
    """(rows, H): 0 where dropout leaves a hidden number out, else what it is multiplied by."""
    words = key(SEED, DROPOUT_PURPOSE, 2 * step + side)
    mask = torch.zeros(row_count, HIDDEN, dtype=torch.float64)
    for row in range(row_count):
        for unit in range(HIDDEN):
            word = pcg4d(words[0], words[1], row, unit // 4)[unit % 4]
            mask[row, unit] = 1 / (1 - dropout) if word >= round(dropout * 2**32) else 0.0
    return mask


def distinct(numbers):
    return list(dict.fromkeys(numbers))


def run(name, geometry, optimizer, weight, dropout, added=False, linear=False):
    generator = torch.Generator().manual_seed(hash_of(name))

    def normal(*shape):
        # What the project gets is float32.
        return torch.randn(*shape, generator=generator, dtype=torch.float64).float().double()

    def below(count):
        return int(torch.randint(count, (1,), generator=generator))

    def features(count, feature_count):
        rows = []
        for row in range(count):
            own = [] if row % 4 == 1 else sorted({below(feature_count) for _ in range(1 + below(3))})
            rows.append([[feature, 0.5 + 0.25 * below(4)] for feature in own])
        return rows

    scale = 1.0 if geometry == "sphere" else 0.4
    tables = [scale * normal(ITEMS, DIM), scale * normal(USERS, DIM)]
    tables = [table.float().double() for table in tables]
    if geometry == "ball":
        tables = [table / table.norm(dim=1, keepdim=True).clamp(min=1.0) for table in tables]
        tables = [table.float().double() for table in tables]
    sides = [features(ITEMS, FEATURES), features(USERS, 4)]
    counts = [FEATURES, 4]
    dense = []
    for rows, count in zip(sides, counts):
        matrix = torch.zeros(len(rows), count, dtype=torch.float64)
        for row, own in enumerate(rows):
            for feature, value in own:
                matrix[row, feature] = value
        dense.append(matrix)
    if linear:
        layers = [[0.5 * normal(count + 1, DIM)] for count in counts]
    else:
        layers = [[0.5 * normal(count + 1, HIDDEN), 0.3 * normal(HIDDEN + 1, DIM)] for count in counts]
    layers = [[layer.float().double() for layer in pair] for pair in layers]
    parameters = [tensor.clone().requires_grad_() for tensor in tables + layers[0] + layers[1]]
    items, users = parameters[0], parameters[1]
    depth = len(layers[0])
    networks = [parameters[2 : 2 + depth], parameters[2 + depth :]]
    own_items = [[user, (2 * user + step) % ITEMS] for user in range(USERS) for step in range(3)]
    if optimizer == "adam":
        config = {"kind": "adam", "lr": 0.03, "betas": [0.9, 0.999], "eps": 1e-8}
        stepper = torch.optim.Adam(parameters, lr=0.03, betas=(0.9, 0.999), eps=1e-8)
    else:
        config = {"kind": "adagrad", "lr": 0.05, "betas": [0.9, 0.999], "eps": 1e-10}
        stepper = torch.optim.Adagrad(parameters, lr=0.05, eps=1e-10)
    out = {
        "geometry": geometry, "margin": 0.5, "feature_weight": weight, "dropout": dropout, "optimizer": config,
        "own_items": own_items, "item_features": sides[0], "user_features": sides[1], "feature_counts": counts,
        "items": tables[0].tolist(), "users": tables[1].tolist(),
        "layers": [], "steps": [],
    }
    if added:
        out["added"] = True

    def tables_of(networks):
        # A linear network has no second layer.
        return [[layer.tolist() for layer in pair] + [[]] * (2 - depth) for pair in networks]

    out["layers"] = tables_of(layers)
    for step in range(1, STEPS + 1):
        pairs = [own_items[below(len(own_items))] for _ in range(BATCH)]
        negatives = []
        for user, _ in pairs:
            own = {item for other, item in own_items if other == user}
            free = [item for item in range(ITEMS) if item not in own]
            first = below(len(free))
            negatives.append([free[first], free[(first + 1 + below(len(free) - 1)) % len(free)]])
        user_rows, positive_rows = [pair[0] for pair in pairs], [pair[1] for pair in pairs]

        def points(table):
            return table / table.norm(dim=1, keepdim=True) if geometry == "sphere" else table

        feature_loss = torch.zeros((), dtype=torch.float64)
        in_step = [distinct(positive_rows + [row for pair in negatives for row in pair]), distinct(user_rows)]
        placed = [points(items), points(users)]
        for side, rows in enumerate(in_step):
            rows = [row for row in rows if sides[side][row]]
            f = dense[side][rows] @ networks[side][0][:-1] + networks[side][0][-1]
            if not linear:
                second = networks[side][1]
                hidden = torch.relu(f) * kept(step, side, len(rows), dropout)
                f = hidden @ second[:-1] + second[-1]
            if added:
                placed[side] = placed[side].index_add(0, torch.tensor(rows), f)
            else:
                feature_loss = feature_loss + weight * (f - placed[side][rows]).pow(2).sum()
        u, p, n = placed[1][user_rows], placed[0][positive_rows], placed[0][torch.tensor(negatives)]
        if added:
            scores = (u[:, None, :] * n).sum(2) - (u * p).sum(1)[:, None]
            losses = torch.nn.functional.softplus(scores).mean(1)
        else:
            near = (u[:, None, :] - n).pow(2).sum(2).min(1).values
            losses = ((u - p).pow(2).sum(1) - near + 0.5).clamp(min=0)
        stepper.zero_grad()
        (losses.sum() + feature_loss).backward()
        stepper.step()
        if geometry == "ball":
            with torch.no_grad():
                for table in (items, users):
                    table /= table.norm(dim=1, keepdim=True).clamp(min=1.0)
        out["steps"].append({
            "pairs": pairs, "negatives": negatives, "loss": losses.sum().item(), "feature_loss": feature_loss.item(),
            "items": items.tolist(), "users": users.tolist(),
            "layers": tables_of(networks),
        })
    return out


def hash_of(name):
    return sum(ord(letter) * 31**place for place, letter in enumerate(name)) % 2**31


def main():
    folder = pathlib.Path(sys.argv[1])
    for name, *settings in [
        ("network_sphere_adam", "sphere", "adam", 0.7, 0.5),
        ("network_ball_adagrad", "ball", "adagrad", 1.5, 0.25),
        ("network_added_adam", "dot", "adam", 0.0, 0.5, True),
        ("network_added_linear_adagrad", "dot", "adagrad", 0.0, 0.0, True, True),
    ]:
        text = json.dumps(run(name, *settings))
        (folder / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
