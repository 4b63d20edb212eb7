#!/usr/bin/env python3
"""Writes Tests/Fixtures/golden: small reference cases that need nothing from outside the repository.

Everything is computed here, in float64 numpy from float32 inputs, by formulas written down independently of the
Swift sources, and every gradient is checked against central differences before it is written. The files have the
form of the larger reference cases that the environment variable SLUICE_GOLDEN names: `<case>/<case>.safetensors`
with tensors `<operation>.<name>`, scalars in JSON.

    python3 scripts/make_golden_fixtures.py [FOLDER]

Needs numpy. The files are committed; run again, this writes the same numbers but for rounding.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np

EPSILON = 1e-5  # batch norm's
TEMPERATURE = 0.66667  # the gates'


# ---- Files -----------------------------------------------------------------------------------------------------


def write_tensors(path, tensors):
    """A safetensors file: 8 bytes header length, JSON header, raw little-endian numbers."""
    header, blobs, offset = {}, [], 0
    for name in sorted(tensors):
        value = np.asarray(tensors[name])
        kind, dtype = ("I32", "<i4") if value.dtype.kind == "i" else ("F32", "<f4")
        blob = np.ascontiguousarray(value, dtype=dtype).tobytes()
        header[name] = {
            "dtype": kind, "shape": list(value.shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")


def draw(random, *shape, scale=1.0):
    """Normal numbers that are exact in float32."""
    return random.normal(0, scale, shape).astype(np.float32).astype(np.float64)


def check_gradient(loss, value, gradient, random, what):
    """Compares a gradient with central differences along a random direction."""
    direction = random.normal(size=value.shape)
    step = 1e-6
    slope = (loss(value + step * direction) - loss(value - step * direction)) / (2 * step)
    expected = float(np.sum(gradient * direction))
    assert abs(slope - expected) <= 1e-6 * (1 + np.abs(gradient).max()), (what, slope, expected)


# ---- Single operations -----------------------------------------------------------------------------------------


def convolution(x, w, stride, padding):
    """Cross-correlation by its definition: a sum over the kernel's places."""
    k = w.shape[2]
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    height = (x.shape[2] + 2 * padding - k) // stride + 1
    width = (x.shape[3] + 2 * padding - k) // stride + 1
    y = np.zeros((x.shape[0], w.shape[0], height, width))
    for i in range(k):
        for j in range(k):
            seen = padded[:, :, i:i + stride * height:stride, j:j + stride * width:stride]
            y += np.einsum("nchw,oc->nohw", seen, w[:, :, i, j])
    return y


def convolution_gradients(x, w, dy, stride, padding):
    k = w.shape[2]
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    height, width = dy.shape[2:]
    for i in range(k):
        for j in range(k):
            rows, columns = slice(i, i + stride * height, stride), slice(j, j + stride * width, stride)
            dw[:, :, i, j] = np.einsum("nohw,nchw->oc", dy, padded[:, :, rows, columns])
            dpadded[:, :, rows, columns] += np.einsum("nohw,oc->nchw", dy, w[:, :, i, j])
    return dpadded[:, :, padding:padding + x.shape[2], padding:padding + x.shape[3]], dw


def normalize(x, weight, bias):
    """Batch norm in training: y and what its gradient needs."""
    axes = (0,) + tuple(range(2, x.ndim))
    shape = (1, -1) + (1,) * (x.ndim - 2)
    mean, variance = x.mean(axes), x.var(axes)
    unit = (x - mean.reshape(shape)) / np.sqrt(variance + EPSILON).reshape(shape)
    return unit * weight.reshape(shape) + bias.reshape(shape), unit, mean, variance


def normalize_gradients(x, weight, dy):
    axes = (0,) + tuple(range(2, x.ndim))
    shape = (1, -1) + (1,) * (x.ndim - 2)
    _, unit, _, variance = normalize(x, weight, np.zeros_like(weight))
    dweight, dbias = (dy * unit).sum(axes), dy.sum(axes)
    count = x.size / x.shape[1]
    inner = dy - (dbias.reshape(shape) + unit * dweight.reshape(shape)) / count
    return inner * (weight / np.sqrt(variance + EPSILON)).reshape(shape), dweight, dbias


def ops(random):
    tensors = {}

    def put(name, **values):
        tensors.update({f"{name}.{key}": value for key, value in values.items()})

    shapes = {
        "conv.k3s1p1": ((2, 5, 7, 6), 9, 3, 1, 1),
        "conv.k3s2p1_odd": ((2, 16, 7, 5), 16, 3, 2, 1),
        "conv.k1s2p0": ((3, 8, 5, 5), 20, 1, 2, 0),
        "conv.k7s2p3_stem": ((1, 3, 15, 13), 8, 7, 2, 3),
        "conv.k3s1p2_stem": ((2, 3, 6, 6), 16, 3, 1, 2),
        "conv.k3s1p1_one": ((1, 1, 4, 4), 1, 3, 1, 1),
    }
    for name, (size, out, k, stride, padding) in shapes.items():
        x, w = draw(random, *size), draw(random, out, size[1], k, k, scale=0.3)
        y = convolution(x, w, stride, padding)
        dy = draw(random, *y.shape)
        dx, dw = convolution_gradients(x, w, dy, stride, padding)
        check_gradient(lambda v: np.sum(dy * convolution(v, w, stride, padding)), x, dx, random, name)
        check_gradient(lambda v: np.sum(dy * convolution(x, v, stride, padding)), w, dw, random, name)
        put(name, x=x, w=w, y=y, dy=dy, dx=dx, dw=dw)

    for name, size, affine in [
        ("bn2d", (3, 9, 4, 3), True), ("bn2d_1x1", (6, 3, 1, 1), True), ("bn1d", (12, 7), True),
        ("bn1d_noaffine", (12, 17), False),
    ]:
        weight = draw(random, size[1]) + 1 if affine else np.ones(size[1])
        bias = draw(random, size[1]) if affine else np.zeros(size[1])
        weight = weight.astype(np.float32).astype(np.float64)
        if affine:
            put(name, weight=weight, bias=bias)
        running_mean, running_var = np.zeros(size[1]), np.ones(size[1])
        count = np.prod(size) / size[1]
        for step in range(2):
            x, dy = draw(random, *size) * 2 + 1, draw(random, *size)
            y, _, mean, variance = normalize(x, weight, bias)
            dx, dweight, dbias = normalize_gradients(x, weight, dy)
            check_gradient(lambda v: np.sum(dy * normalize(v, weight, bias)[0]), x, dx, random, name)
            running_mean = 0.9 * running_mean + 0.1 * mean
            running_var = 0.9 * running_var + 0.1 * variance * count / (count - 1)
            put(name, **{f"x{step}": x, f"y{step}": y, f"dy{step}": dy, f"dx{step}": dx,
                         f"running_mean{step}": running_mean, f"running_var{step}": running_var})
            if affine:
                put(name, **{f"dweight{step}": dweight, f"dbias{step}": dbias})
        shape = (1, -1) + (1,) * (len(size) - 2)
        scale = (weight / np.sqrt(running_var + EPSILON)).reshape(shape)
        x, dy = draw(random, *size), draw(random, *size)
        y = (x - running_mean.reshape(shape)) * scale + bias.reshape(shape)
        put(name, xe=x, ye=y, dye=dy, dxe=dy * scale)

    x, dy = draw(random, 2, 5, 3, 3), draw(random, 2, 5, 3, 3)
    x[0, 1] = 0
    put("relu", x=x, y=np.where(x > 0, x, 0), dy=dy, dx=np.where(x > 0, dy, 0))

    x = np.round(draw(random, 2, 3, 7, 6) * 2) / 2  # coarse, so that there are ties
    put("maxpool", x=x, **max_pool(x, random))

    x, dy = draw(random, 2, 6, 3, 5), draw(random, 2, 6)
    put("gap", x=x, y=x.mean((2, 3)), dy=dy, dx=np.broadcast_to(dy[:, :, None, None] / 15, x.shape))

    x, w, b, dy = draw(random, 5, 9), draw(random, 4, 9), draw(random, 4), draw(random, 5, 4)
    put("linear", x=x, w=w, b=b, y=x @ w.T + b, dy=dy, dx=dy @ w, dw=dy.T @ x, db=dy.sum(0))

    x, dy = draw(random, 4, 6) * np.array([[1], [1e-3], [1e3], [0.1]]), draw(random, 4, 6)
    x = x.astype(np.float32).astype(np.float64)
    put("l2norm", x=x, y=unit_rows(x), dy=dy, dx=unit_rows_gradient(x, dy))
    return tensors


def max_pool(x, random):
    """3×3, stride 2, padding 1; the first of equals in row-major order wins."""
    n, c, height, width = x.shape
    out = ((height - 1) // 2 + 1, (width - 1) // 2 + 1)
    y, index = np.zeros((n, c) + out), np.zeros((n, c) + out, dtype=int)
    dy, dx = draw(random, n, c, *out), np.zeros_like(x)
    for place in np.ndindex(n, c, *out):
        image, channel, i, j = place
        best = None
        for h in range(max(2 * i - 1, 0), min(2 * i + 2, height)):
            for w in range(max(2 * j - 1, 0), min(2 * j + 2, width)):
                if best is None or x[image, channel, h, w] > x[image, channel, best[0], best[1]]:
                    best = (h, w)
        y[place], index[place] = x[image, channel, best[0], best[1]], best[0] * width + best[1]
        dx[image, channel, best[0], best[1]] += dy[place]
    return {"y": y, "index": index, "dy": dy, "dx": dx}


def unit_rows(x):
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)


def unit_rows_gradient(x, dy):
    unit = unit_rows(x)
    return (dy - unit * (dy * unit).sum(1, keepdims=True)) / np.linalg.norm(x, axis=1, keepdims=True)


# ---- The gate --------------------------------------------------------------------------------------------------


def gate(random):
    tensors, meta = {}, {}
    for name, (images, inputs, outputs, reduction, side) in {
        "a": (6, 12, 20, 4, 3), "b": (4, 8, 8, 2, 2),
    }.items():
        hidden = inputs // reduction
        # Draws are repeated until no decision is near its threshold and no hidden unit near its kink.
        while True:
            x = draw(random, images, inputs, side, side)
            w1, w2 = draw(random, hidden, inputs, scale=0.8), draw(random, outputs, hidden)
            weight = (1 + draw(random, hidden, scale=0.2)).astype(np.float32).astype(np.float64)
            bias, running_mean = draw(random, hidden, scale=0.3), draw(random, hidden, scale=0.2)
            running_var = random.uniform(0.5, 1.5, hidden).astype(np.float32).astype(np.float64)
            uniform = random.uniform(0, 1, (images, outputs)).astype(np.float32).astype(np.float64)
            noise = np.log(uniform + 1e-8) - np.log(1 - uniform + 1e-8)
            context = x.mean((2, 3))
            squeezed = context @ w1.T
            normalized, _, mean, variance = normalize(squeezed, weight, bias)
            active = np.maximum(normalized, 0)
            logits = active @ w2.T
            frozen = (squeezed - running_mean) / np.sqrt(running_var + EPSILON) * weight + bias
            eval_logits = np.maximum(frozen, 0) @ w2.T
            dead = ~(frozen > 0).any(1)
            near = min(np.abs(logits + noise).min(), np.abs(normalized).min() * 10, np.abs(frozen).min() * 10,
                       np.abs(eval_logits[~dead]).min(initial=1) * 10)
            if near > 0.02:
                break
        soft = 1 / (1 + np.exp(-(logits + noise) / TEMPERATURE))
        mask = (soft >= 0.5).astype(float)
        coef, coef_open = draw(random, images, outputs), draw(random, images)

        def gradients(dmask):
            dlogits = dmask * soft * (1 - soft) / TEMPERATURE
            dactive = dlogits @ w2
            dsqueezed, dweight, dbias = normalize_gradients(squeezed, weight, dactive * (normalized > 0))
            dx = np.broadcast_to(((dsqueezed @ w1) / side**2)[:, :, None, None], x.shape)
            return {"dx": dx, "dw1": dsqueezed.T @ context, "dbn_weight": dweight, "dbn_bias": dbias,
                    "dw2": dlogits.T @ active}

        def soft_loss(w):
            hidden_units = np.maximum(normalize(context @ w.T, weight, bias)[0], 0)
            return np.sum(coef / (1 + np.exp(-(hidden_units @ w2.T + noise) / TEMPERATURE)))

        check_gradient(soft_loss, w1, gradients(coef)["dw1"], random, f"gate {name}")
        dmask_open = coef_open[:, None] * np.sign(mask)
        count = images
        train = {"context": context, "hidden": squeezed, "logits": logits, "noise": noise, "soft": soft, "mask": mask,
                 "open": mask.sum(1), "running_mean_after": 0.9 * running_mean + 0.1 * mean,
                 "running_var_after": 0.9 * running_var + 0.1 * variance * count / (count - 1),
                 "dmask_open": dmask_open}
        train.update(gradients(coef))
        train.update({f"{key}_open": value for key, value in gradients(dmask_open).items()})
        eval_mask = (eval_logits >= 0).astype(float)
        evaluation = {"context": context, "hidden": squeezed, "logits": eval_logits, "mask": eval_mask,
                      "open": eval_mask.sum(1)}
        inputs_of_case = {"x": x, "w1": w1, "w2": w2, "bn_weight": weight, "bn_bias": bias,
                          "running_mean": running_mean, "running_var": running_var, "uniform": uniform, "coef": coef,
                          "coef_open": coef_open}
        tensors.update({f"{name}.{key}": value for key, value in inputs_of_case.items()})
        tensors.update({f"{name}.train.{key}": value for key, value in train.items()})
        tensors.update({f"{name}.eval.{key}": value for key, value in evaluation.items()})
        meta[name] = {"in": inputs, "out": outputs, "reduction": reduction, "temperature": TEMPERATURE}
    return tensors, meta


# ---- Losses ----------------------------------------------------------------------------------------------------


def ntxent_rows(z, temperature):
    """The loss of every anchor, row by row as the paper writes it. z: [2N, d], view 1 then view 2."""
    unit, half = unit_rows(z), len(z) // 2
    similarity = unit @ unit.T / temperature
    losses = []
    for i in range(len(z)):
        others = [k for k in range(len(z)) if k != i]
        top = similarity[i, others].max()
        losses.append(np.log(np.exp(similarity[i, others] - top).sum()) + top - similarity[i, (i + half) % len(z)])
    return np.array(losses)


def ntxent_gradient(z, temperature):
    unit, count = unit_rows(z), len(z)
    similarity = unit @ unit.T / temperature
    np.fill_diagonal(similarity, -np.inf)
    shares = np.exp(similarity - similarity.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    for i in range(count):
        shares[i, (i + count // 2) % count] -= 1
    return unit_rows_gradient(z, (shares + shares.T) @ unit / (count * temperature))


def losses(random):
    tensors, scalars = {}, {}
    for images, dimension in [(4, 6), (8, 24)]:
        name = f"ntxent.n{images}d{dimension}"
        z = draw(random, 2 * images, dimension)
        tensors[f"{name}.z1"], tensors[f"{name}.z2"] = z[:images], z[images:]
        for temperature in [0.05, 0.3]:
            run = f"{name}.t{temperature}"
            own = ntxent_rows(z, temperature)
            dz = ntxent_gradient(z, temperature)
            check_gradient(lambda v: ntxent_rows(v, temperature).mean(), z, dz, random, run)
            scalars[f"{run}.loss"] = own.mean()
            tensors[f"{run}.dz1"], tensors[f"{run}.dz2"] = dz[:images], dz[images:]
            for ranks in [2, 4]:
                size = images // ranks
                for rank in range(ranks):
                    mine = list(range(rank * size, (rank + 1) * size))
                    both = mine + [images + i for i in mine]
                    scalars[f"{run}.ranks{ranks}.local_loss.{rank}"] = own[both].mean()
                    tensors[f"{run}.ranks{ranks}.dz1.{rank}"] = dz[mine]
                    tensors[f"{run}.ranks{ranks}.dz2.{rank}"] = dz[[images + i for i in mine]]

    def cosines(p, z):
        return (unit_rows(p) * unit_rows(z)).sum(1).mean()

    name = "simsiam.n6d10"
    p1, p2, z1, z2 = (draw(random, 6, 10) for _ in range(4))
    scalars[f"{name}.loss"] = -cosines(p1, z2) / 2 - cosines(p2, z1) / 2
    tensors.update({f"{name}.p1": p1, f"{name}.p2": p2, f"{name}.z1": z1, f"{name}.z2": z2})
    for view, p, z in [(1, p1, z2), (2, p2, z1)]:
        gradient = unit_rows_gradient(p, -unit_rows(z) / (2 * len(p)))
        check_gradient(lambda v: -cosines(v, z) / 2, p, gradient, random, name)
        tensors[f"{name}.dp{view}"] = gradient

    logits, target = draw(random, 7, 5, scale=3.0), random.integers(0, 5, 7)

    def cross_entropy(v):
        return np.mean(np.log(np.exp(v).sum(1)) - v[np.arange(7), target])

    gradient = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    gradient[np.arange(7), target] -= 1
    check_gradient(cross_entropy, logits, gradient / 7, random, "ce")
    tensors.update({"ce.logits": logits, "ce.target": target, "ce.dlogits": gradient / 7})
    scalars["ce.loss"] = cross_entropy(logits)
    return tensors, scalars


# ---- Costs -----------------------------------------------------------------------------------------------------


def rotnet(random):
    """All turns of two images, and the cross-entropy with the number of each row's turn."""
    images, logits = draw(random, 2, 3, 5, 5), draw(random, 8, 4, scale=2.0)
    target = np.tile(np.arange(4), 2)

    def loss(g):
        return float(np.mean(np.log(np.exp(g).sum(1)) - g[np.arange(8), target]))

    dlogits = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    dlogits[np.arange(8), target] -= 1
    dlogits /= 8
    check_gradient(loss, logits, dlogits, random, "rotnet")
    # numpy turns its first axis towards its second, which is counter-clockwise with rows running down.
    rotated = np.stack([np.rot90(image, k, axes=(1, 2)) for image in images for k in range(4)])
    tensors = {"images": images, "rotated": rotated, "logits": logits, "target": target, "dlogits": dlogits}
    return tensors, {"loss": loss(logits)}


def npid_terms(x, bank, index, noise, temperature, z):
    """Mean noise contrast and mean squared distance from the own row, by the definitions of h."""
    n, m = len(bank), noise.shape[1]
    v = unit_rows(x)

    def h(rows):
        p = np.exp(np.einsum("bd,b...d->b...", v, bank[rows]) / temperature) / z
        return p / (p + m / n)

    nce = -np.mean(np.log(h(index)) + np.log(1 - h(noise)).sum(1))
    return nce, np.mean(((v - bank[index]) ** 2).sum(1))


def npid(random):
    tensors, scalars = {}, {}
    for name, n, d, batch, m, temperature, weight, given in [
        ("c0", 30, 8, 4, 9, 0.07, 0.0, None), ("c1", 200, 12, 8, 5, 0.3, 2.5, None), ("c2", 7, 5, 2, 7, 0.1, 0.0, 90.0),
    ]:
        momentum = 0.25 if name == "c1" else 0.5
        bank = unit_rows(draw(random, n, d)).astype(np.float32).astype(np.float64)
        x = draw(random, batch, d, scale=3.0)
        index = random.permutation(n)[:batch]
        noise = random.integers(n, size=(batch, m))
        v = unit_rows(x)
        met = np.concatenate([index[:, None], noise], 1)
        z = given or n * np.mean(np.exp(np.einsum("bd,bjd->bj", v, bank[met]) / temperature))

        def loss(value):
            nce, proximal = npid_terms(value, bank, index, noise, temperature, z)
            return nce + weight * proximal

        # -log h and -log(1 - h) have slopes h - 1 and h in v.f/temperature.
        p = np.exp(np.einsum("bd,bjd->bj", v, bank[met]) / temperature) / z
        slope = p / (p + m / n)
        slope[:, 0] -= 1
        dv = np.einsum("bj,bjd->bd", slope, bank[met]) / temperature + 2 * weight * (v - bank[index])
        dx = unit_rows_gradient(x, dv / batch)
        check_gradient(loss, x, dx, random, f"npid {name}")
        after = bank.copy()
        after[index] = unit_rows(momentum * bank[index] + (1 - momentum) * v)
        values = {"bank": bank, "features": x, "index": index, "noise": noise, "dfeatures": dx, "bank_after": after}
        tensors.update({f"{name}.{key}": value for key, value in values.items()})
        nce, proximal = npid_terms(x, bank, index, noise, temperature, z)
        scalars.update({f"{name}.{key}": value for key, value in {
            "loss": float(loss(x)), "nce": float(nce), "proximal": float(proximal), "z": float(z),
            "z_given": given is not None, "temperature": temperature, "lambda": weight, "momentum": momentum}.items()})
    return tensors, scalars


def costs(width, size, padding, imagenet, stages=(2, 2, 2, 2), bottleneck=False):
    """Multiply-adds of a ResNet: the stem, and for every block what its parts and its gates cost."""
    side = (size + 6 - 7) // 2 + 1 if imagenet else size + 2 * padding - 2
    stem = (49 if imagenet else 9) * 3 * width * side * side
    if imagenet:
        side = (side + 1) // 2
    blocks, inputs = [], width
    for stage, count in enumerate(stages):
        for number in range(count):
            inner = width * 2**stage
            outputs = inner * (4 if bottleneck else 1)
            strides = stage > 0 and number == 0
            before, side = side, (side + 1) // 2 if strides else side
            area = side * side
            down = area * inputs * outputs if strides or inputs != outputs else 0
            block = {"block": f"layer{stage + 1}.{number}", "in": inputs, "out": outputs, "downsample": down}
            gates = [{"in": i, "out": inner, "macs": i * (i // 4) + (i // 4) * inner}
                     for i in ([inputs, inner] if bottleneck else [inputs])]
            if bottleneck:
                convolutions = [before * before * inputs * inner, 9 * area * inner * inner, area * inner * outputs]
                block |= {"mid": inner, "height_in": before, "height_out": side, "gates": gates}
            else:
                convolutions = [9 * area * inputs * outputs, 9 * area * outputs * outputs]
                block |= {"height": side, "width": side, "per_open_channel": 9 * area * (inputs + outputs)}
            block |= {f"conv{index + 1}": macs for index, macs in enumerate(convolutions)}
            blocks.append(block | {"full": sum(convolutions) + down, "gate": sum(gate["macs"] for gate in gates)})
            inputs = outputs
    return stem, blocks


def flops():
    networks = {}
    for name, arguments in {
        "width16_32_padding1": (16, 32, 1, False), "width8_24_padding2": (8, 24, 2, False),
        "width64_64_imagenet": (64, 64, 0, True),
        "resnet34_224": (64, 224, 0, True, (3, 4, 6, 3)),
        "bottlenecks_width8_45_imagenet": (8, 45, 0, True, (1, 2, 1, 3), True),
        "resnet50_32_padding1": (64, 32, 1, False, (3, 4, 6, 3), True),
    }.items():
        stem, blocks = costs(*arguments)
        full, gates = sum(b["full"] for b in blocks), sum(b["gate"] for b in blocks)
        networks[name] = {
            "input": arguments[1], "stem": stem, "blocks": blocks, "blocks_full": full, "dense_total": stem + full,
            "gates_total": gates, "all_open_with_gates": stem + full + gates,
            "all_closed_with_gates": stem + gates + sum(b["downsample"] for b in blocks)}
    return networks


def budget(random):
    lam, gamma, alpha, batch, width, size = 5, 1, 0.02, 4, 8, 24
    stem, blocks = costs(width, size, 2, False)
    names, channels = [b["block"] for b in blocks], [b["out"] for b in blocks]
    dense = stem + sum(b["full"] for b in blocks)
    masks = [(random.uniform(size=(batch, c)) < share).astype(float)
             for c, share in zip(channels, random.uniform(0, 1, len(blocks)))]
    fixed = stem + sum(b["gate"] + b["downsample"] for b in blocks)
    per_sample = fixed + sum(m.sum(1) * b["per_open_channel"] for m, b in zip(masks, blocks))

    def terms(samples, target, p):
        ratio = per_sample[samples].mean() / dense
        q = np.sqrt(target)
        density = np.array([m[samples].mean() for m in masks])
        low, high = np.maximum(p * q - density, 0), np.maximum(density - (1 - p + p * q), 0)
        spar, bound = lam * (ratio - target) ** 2, gamma * np.mean(low**2 + high**2)
        count = len(per_sample[samples])
        dspar = [2 * lam * (ratio - target) * b["per_open_channel"] / (count * dense) for b in blocks]
        dbound = 2 * gamma * (high - low) / (len(blocks) * count * np.array(channels))
        return ratio, density, spar, bound, dspar, dbound

    everyone, cases = slice(0, batch), []
    for target in [0.2, 0.5, 1.0]:
        for epoch in [0, 7, 60]:
            p = float(np.exp(-alpha * epoch))
            ratio, density, spar, bound, dspar, dbound = terms(everyone, target, p)
            cases.append({"target": target, "epoch": epoch, "p": p, "spar": spar, "bound": bound, "dspar": dspar,
                          "dbound_open": list(dbound)})
    halves = [terms(slice(i * batch // 2, (i + 1) * batch // 2), 0.5, float(np.exp(-alpha * 7))) for i in range(2)]
    name = "w8_24_padding2"
    contents = {
        name: {"width": width, "input": size, "batch": batch, "blocks": names, "channels": channels,
               "dense": float(dense), "flops_per_sample": list(per_sample), "ratio": ratio, "density": list(density),
               "cases": cases,
               "two_ranks": {"target": 0.5, "epoch": 7, "spar": [h[2] for h in halves],
                             "bound": [h[3] for h in halves]}},
        "annealing": {"alpha": alpha, "p": [float(np.exp(-alpha * e)) for e in range(50)]}}
    _, _, _, _, dspar, dbound = terms(everyone, 0.5, float(np.exp(-alpha * 7)))
    tensors = {}
    for block, mask, spar_slope, bound_slope in zip(names, masks, dspar, dbound):
        tensors[f"{name}.mask.{block}"] = mask
        tensors[f"{name}.dspar.{block}"] = np.full_like(mask, spar_slope)
        tensors[f"{name}.dbound.{block}"] = bound_slope * np.sign(mask)
    return tensors, contents


# ---- The optimizers --------------------------------------------------------------------------------------------


def lars_gradient(weights, gradient, decay, rate, lars):
    """What LARS hands to momentum in place of the gradient."""
    weight_norm, gradient_norm = np.sqrt((weights ** 2).sum()), np.sqrt((gradient ** 2).sum())
    excluded = lars["exclude_bias_n_norm"] and weights.ndim == 1
    if excluded or weight_norm == 0 or gradient_norm == 0:
        return gradient
    scale = lars["eta"] * weight_norm / (gradient_norm + decay * weight_norm + 1e-8)
    if lars["clip"]:
        scale = scale / rate if scale < rate else 1
    return scale * (gradient + decay * weights)


def optim(random):
    steps = 6
    shapes = {"conv": (3, 2, 3, 3), "gate": (5, 2, 1, 1), "bias": (17,), "zero_grad": (2, 2)}
    start = {name: draw(random, *shape) for name, shape in shapes.items()}
    gradients = {name: draw(random, steps, *shape) for name, shape in shapes.items()}
    gradients["zero_grad"] *= 0
    start["zero_weight"] = np.zeros((3, 4))
    gradients["zero_weight"] = draw(random, steps, 3, 4)
    tensors = {f"init.{name}": value for name, value in start.items()}
    tensors.update({f"grad.{name}": value for name, value in gradients.items()})
    runs = {
        "sgd": {"lr": 0.3, "weight_decay": 1e-3, "gate_weight_decay": 0.0, "momentum": 0.9},
        "sgd_moving_lr": {"lr": 0.3, "weight_decay": 0.1, "gate_weight_decay": 0.0, "momentum": 0.5,
                          "rates": [0.1, 0.3, 0.2, 0.05, 0.01, 0.0]},
        "lars": {"lr": 0.5, "weight_decay": 1e-2, "gate_weight_decay": 0.0, "momentum": 0.9,
                 "lars": {"eta": 0.02, "clip": True, "exclude_bias_n_norm": True}},
        # From 0, as warm-up by step begins, to rates on either side of the clip.
        "lars_moving_lr": {"lr": 0.5, "weight_decay": 1e-2, "gate_weight_decay": 0.0, "momentum": 0.9,
                           "rates": [0.0, 0.01, 0.25, 0.5, 0.1, 0.002],
                           "lars": {"eta": 0.02, "clip": True, "exclude_bias_n_norm": True}},
        "lars_plain": {"lr": 0.5, "weight_decay": 1e-2, "gate_weight_decay": 0.0, "momentum": 0.9,
                       "lars": {"eta": 0.05, "clip": False, "exclude_bias_n_norm": False}}}
    for run, settings in runs.items():
        rates = settings.get("rates", [settings["lr"]] * steps)
        for name, value in start.items():
            decay = settings["gate_weight_decay" if name == "gate" else "weight_decay"]
            weights, velocity, history = value, None, []
            for step in range(steps):
                change = (lars_gradient(weights, gradients[name][step], decay, rates[step], settings["lars"])
                          if "lars" in settings else gradients[name][step] + decay * weights)
                velocity = change if velocity is None else settings["momentum"] * velocity + change
                weights = weights - rates[step] * velocity
                history.append(weights)
            tensors[f"{run}.{name}"] = np.stack(history)

    def rate(epoch, s):
        if epoch < s["warmup_epochs"]:
            return s["warmup_start_lr"] + epoch * (s["lr"] - s["warmup_start_lr"]) / (s["warmup_epochs"] - 1)
        share = (epoch - s["warmup_epochs"]) / (s["max_epochs"] - s["warmup_epochs"])
        return s["eta_min"] + (s["lr"] - s["eta_min"]) / 2 * (1 + np.cos(np.pi * share))

    schedule = {}
    for name, epochs, warmup, low in [("short", 9, 4, 0.01), ("longer", 40, 2, 0.0)]:
        s = {"lr": 0.7, "warmup_epochs": warmup, "max_epochs": epochs, "warmup_start_lr": 0.003, "eta_min": low}
        s["per_epoch"] = [float(rate(e, s)) for e in range(epochs)]
        s["held_group"] = [s["warmup_start_lr"]] + [s["lr"]] * (epochs - 1)
        schedule[name] = s
    return tensors, runs, schedule


# ---- Rewinding -------------------------------------------------------------------------------------------------


def slope(weights, problem):
    """The gradient of ½Σ a·(w − t)² + (u·w)²/2n, in which every weight depends on all others."""
    count = sum(value.size for value in weights.values())
    projection = sum((problem[f"u.{name}"] * value).sum() for name, value in weights.items()) / count
    return {name: problem[f"a.{name}"] * (value - problem[f"t.{name}"]) + problem[f"u.{name}"] * projection
            for name, value in weights.items()}


def train(weights, steps, problem, settings, mask=None):
    """SGD from a standstill; weights whose mask is 0 are taken out of the gradient and are zero from the start.
    Yields the weights after every step."""
    def kept(values):
        return values if mask is None else {name: values[name] * mask.get(name, 1) for name in values}
    weights = kept(weights)
    velocity = {name: np.zeros_like(value) for name, value in weights.items()}
    for _ in range(steps):
        gradient = kept(slope(weights, problem))
        for name in weights:
            change = gradient[name] + settings["weight_decay"] * weights[name]
            velocity[name] = settings["momentum"] * velocity[name] + change
        weights = {name: weights[name] - settings["lr"] * velocity[name] for name in weights}
        yield weights


def without_a_fifth(mask, weights):
    """The mask without ⌈remaining/5⌉ of the weights that remain, the smallest |w| of all layers together."""
    layer, place, size = zip(*[
        (name, index, abs(weights[name].flat[index]))
        for name in mask for index in np.flatnonzero(mask[name])])
    order = np.argsort(np.array(size), kind="stable")
    count = -(-len(order) // 5)
    gap = size[order[count]] - size[order[count - 1]]
    assert gap > 1e-4, f"two weights are too close for single precision: {gap}"
    mask = {name: value.copy() for name, value in mask.items()}
    for number in order[:count]:
        mask[layer[number]].flat[place[number]] = 0
    return mask


def rewinding(random):
    settings = {"steps": 12, "rewind": 3, "rounds": 3, "lr": 0.05, "momentum": 0.9, "weight_decay": 0.01,
                "prunable": ["conv1.weight", "conv2.weight"], "others": ["bn1.weight"]}
    shapes = {"conv1.weight": (4, 3, 3, 3), "conv2.weight": (5, 4, 3, 3), "bn1.weight": (4,)}
    start = {name: draw(random, *shape) for name, shape in shapes.items()}
    problem = {}
    for name, shape in shapes.items():
        problem[f"a.{name}"] = np.abs(draw(random, *shape)) + 0.5
        problem[f"t.{name}"], problem[f"u.{name}"] = draw(random, *shape), draw(random, *shape)
    problem = {name: value.astype(np.float32).astype(np.float64) for name, value in problem.items()}
    tensors = {**problem, **{f"init.{name}": value for name, value in start.items()}}
    history = list(train(start, settings["steps"], problem, settings))
    kept, weights = history[settings["rewind"] - 1], history[-1]
    tensors.update({f"rewind.{name}": value for name, value in kept.items()})
    tensors.update({f"r0.{name}": value for name, value in weights.items()})
    mask = {name: np.ones(shapes[name], dtype=np.int32) for name in settings["prunable"]}
    for number in range(1, settings["rounds"] + 1):
        mask = without_a_fifth(mask, weights)
        *_, weights = train(kept, settings["steps"] - settings["rewind"], problem, settings, mask)
        tensors.update({f"r{number}.mask.{name}": value for name, value in mask.items()})
        tensors.update({f"r{number}.{name}": value for name, value in weights.items()})
    return tensors, settings


def main():
    here = Path(__file__).resolve().parent.parent
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else here / "Tests" / "Fixtures" / "golden"
    # A generator for each case: changing one leaves the others' numbers alone.
    randoms = {name: np.random.Generator(np.random.PCG64(seed)) for seed, name in
               enumerate(["ops", "gate", "losses", "budget", "optim", "rotnet", "npid", "rewinding"],
                         start=1)}
    write_tensors(folder / "ops" / "ops.safetensors", ops(randoms["ops"]))
    tensors, meta = gate(randoms["gate"])
    write_tensors(folder / "gate" / "gate.safetensors", tensors)
    write_json(folder / "gate" / "meta.json", meta)
    tensors, scalars = losses(randoms["losses"])
    write_tensors(folder / "losses" / "losses.safetensors", tensors)
    write_json(folder / "losses" / "losses.json", scalars)
    for name, make in [("rotnet", rotnet), ("npid", npid), ("rewinding", rewinding)]:
        tensors, scalars = make(randoms[name])
        write_tensors(folder / name / f"{name}.safetensors", tensors)
        write_json(folder / name / f"{name}.json", scalars)
    tensors, contents = budget(randoms["budget"])
    write_tensors(folder / "budget" / "budget.safetensors", tensors)
    write_json(folder / "budget" / "budget.json", contents)
    write_json(folder / "flops" / "flops.json", flops())
    tensors, runs, schedule = optim(randoms["optim"])
    write_tensors(folder / "optim" / "optim.safetensors", tensors)
    write_json(folder / "optim" / "runs.json", runs)
    write_json(folder / "optim" / "schedule.json", schedule)


if __name__ == "__main__":
    main()
