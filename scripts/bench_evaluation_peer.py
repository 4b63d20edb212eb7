#!/usr/bin/env python3
"""Fits and tests scikit-learn on the features that `sluice bench evaluation --features FILE` wrote, and prints one JSON
object: seconds and top-1 of LogisticRegression(C=1, max_iter=100), top-1 of the k-NN with cosine votes exp(s / 0.07).

    python3 scripts/bench_evaluation_peer.py FILE [--threads 1]

Needs numpy, scipy, scikit-learn, safetensors and threadpoolctl from PyPI.
"""
import argparse
import json
import time

import numpy
from safetensors.numpy import load_file
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("file")
parser.add_argument("--threads", type=int, default=1)
options = parser.parse_args()

tensors = load_file(options.file)
train, test = tensors["train"], tensors["test"]
train_labels, test_labels = (tensors[f"{part}_labels"].astype(int) for part in ("train", "test"))


def knn_top1(k=20, temperature=0.07, block=500):
    known = train / numpy.maximum(numpy.linalg.norm(train, axis=1, keepdims=True), 1e-12)
    asked = test / numpy.maximum(numpy.linalg.norm(test, axis=1, keepdims=True), 1e-12)
    hits = 0
    for first in range(0, len(asked), block):
        similarity = asked[first : first + block] @ known.T
        nearest = numpy.argpartition(-similarity, k, axis=1)[:, :k]
        weights = numpy.exp(numpy.take_along_axis(similarity, nearest, 1) / temperature)
        votes = numpy.zeros((len(similarity), train_labels.max() + 1))
        for row, (classes, weight) in enumerate(zip(train_labels[nearest], weights)):
            numpy.add.at(votes[row], classes, weight)
        hits += int((votes.argmax(axis=1) == test_labels[first : first + block]).sum())
    return 100 * hits / len(test_labels)


with threadpool_limits(options.threads):
    begin = time.perf_counter()
    model = LogisticRegression(C=1.0, max_iter=100).fit(train, train_labels)
    seconds = time.perf_counter() - begin
    print(
        json.dumps(
            {
                "linear_s": seconds,
                "linear_top1": 100 * float((model.predict(test) == test_labels).mean()),
                "iterations": int(model.n_iter_[0]),
                "knn_top1": knn_top1(),
            }
        )
    )
