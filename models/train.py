"""Train the sample models and write them, their settings and their held-out rows.

For each of iris and digits, two versions with one signature: 1 is a linear model, 2 a small neural network.

    input          FP32   [N, features]
    label          INT64  [N]            index of the class, also the index into `labels` of model.json
    probabilities  FP32   [N, classes]

Written, all of them deterministic on one platform with the requirements beside this file:

    models/<model>/<version>/model.onnx
    models/<model>/<version>/model.json   labels and probes: held-out rows with scikit-learn's own answers
    test/fixtures/heldout/<model>.json    more held-out rows with scikit-learn's own answers

Nothing is written unless ONNX Runtime reproduces scikit-learn on every held-out row.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from onnx.checker import check_model
from onnx.helper import make_opsetid
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parent.parent
OPSET = {"": 17, "ai.onnx.ml": 3}
IR_VERSION = 9
HELD_OUT_SHARE = 0.3
FIXTURE_ROWS = 30
SEED = 7
TOLERANCE = 1e-5
# The two versions' probabilities of a probe row differ by this much at the least, so that an answer betrays
# which version made it.
VISIBLE_DIFFERENCE = 2e-2


@dataclass(frozen=True)
class Sample:
    """A data set, the names of its classes and the classifier of each version."""

    name: str
    features: np.ndarray
    classes: np.ndarray
    labels: list[str]
    probe_rows: int
    versions: dict[str, ClassifierMixin]


def iris() -> Sample:
    data = load_iris()
    return Sample(
        name="iris",
        features=as_float32_values(data.data),
        classes=data.target.astype(np.int64),
        labels=[str(name) for name in data.target_names],
        probe_rows=6,
        versions={
            "1": LogisticRegression(max_iter=1000),
            "2": MLPClassifier(
                hidden_layer_sizes=(16,),
                solver="lbfgs",
                alpha=0.3,
                max_iter=5000,
                random_state=SEED,
            ),
        },
    )


def digits() -> Sample:
    data = load_digits()
    return Sample(
        name="digits",
        features=as_float32_values(data.data),
        classes=data.target.astype(np.int64),
        labels=[str(name) for name in data.target_names],
        probe_rows=4,
        versions={
            "1": make_pipeline(MaxAbsScaler(), LogisticRegression(C=0.1, max_iter=1000)),
            "2": make_pipeline(
                MaxAbsScaler(),
                MLPClassifier(
                    hidden_layer_sizes=(64,),
                    solver="lbfgs",
                    alpha=1.0,
                    max_iter=5000,
                    random_state=SEED,
                ),
            ),
        },
    )


def as_float32_values(features: np.ndarray) -> np.ndarray:
    """Doubles that a 32-bit float holds exactly, so that both runtimes are asked about the same row."""
    return features.astype(np.float32).astype(np.float64)


def export(sample: Sample, version: str, classifier: ClassifierMixin) -> bytes:
    columns = sample.features.shape[1]
    model = to_onnx(
        classifier,
        initial_types=[("input", FloatTensorType([None, columns]))],
        options={"zipmap": False},
        target_opset=OPSET,
        name=f"{sample.name}-{version}",
    )
    model.ir_version = IR_VERSION
    # skl2onnx declares the oldest opsets that the nodes need, in an order that changes with Python's hash seed.
    # None of the operators used here changed up to OPSET; `worst_difference` sees the file as it is written.
    del model.opset_import[:]
    model.opset_import.extend(make_opsetid(domain, version) for domain, version in OPSET.items())
    # skl2onnx leaves free dimensions unnamed; one name says that all of them are the same number of rows.
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.shape.dim[0].Clear()
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def worst_difference(onnx_bytes: bytes, rows: np.ndarray, classifier: ClassifierMixin) -> float:
    """The greatest distance of ONNX Runtime's probabilities from scikit-learn's; the labels must be equal."""
    session = onnxruntime.InferenceSession(onnx_bytes, providers=["CPUExecutionProvider"])
    outputs = ["label", "probabilities"]
    expected = classifier.predict_proba(rows)
    worst = 0.0
    together = [slice(0, len(rows))]
    one_by_one = [slice(i, i + 1) for i in range(len(rows))]
    for part in together + one_by_one:
        label, probabilities = session.run(outputs, {"input": rows[part].astype(np.float32)})
        if not np.array_equal(label, classifier.predict(rows[part])):
            raise AssertionError("ONNX Runtime and scikit-learn name different classes")
        worst = max(worst, float(np.abs(probabilities - expected[part]).max()))
    return worst


def choose_probes(sample: Sample, rows: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Indices of the first held-out rows that show the version, taking the classes in turn."""
    first, second = (v.predict_proba(rows) for v in sample.versions.values())
    telling = np.abs(first - second).max(axis=1) >= VISIBLE_DIFFERENCE
    by_class = [np.flatnonzero(telling & (classes == c)) for c in range(len(sample.labels))]
    turns = max(len(found) for found in by_class)
    in_turn = [found[turn] for turn in range(turns) for found in by_class if turn < len(found)]
    return np.array(in_turn[: sample.probe_rows])


def tensor(datatype: str, values: np.ndarray) -> dict:
    return {"shape": list(values.shape), "datatype": datatype, "data": values.ravel().tolist()}


def shortest(features: np.ndarray) -> np.ndarray:
    """The doubles with the fewest digits (5.1) that become the same 32-bit floats as `features`."""
    return features.astype(np.float32).astype(str).astype(np.float64)


def settings(sample: Sample, classifier: ClassifierMixin, probes: np.ndarray) -> dict:
    probe = {
        "inputs": {"input": tensor("FP32", shortest(probes))},
        "outputs": {
            "label": tensor("INT64", classifier.predict(probes)),
            "probabilities": tensor("FP32", classifier.predict_proba(probes)),
        },
        "tolerance": TOLERANCE,
    }
    return {"labels": sample.labels, "probes": [probe]}


def held_out(sample: Sample, rows: np.ndarray) -> dict:
    answers = {
        version: {
            "label": classifier.predict(rows).tolist(),
            "probabilities": classifier.predict_proba(rows).tolist(),
        }
        for version, classifier in sample.versions.items()
    }
    return {
        "model": sample.name,
        "labels": sample.labels,
        "rows": shortest(rows).tolist(),
        "versions": answers,
    }


def write_json(path: Path, value: dict) -> None:
    """Indented, but each innermost array on one line: one row of data, one line."""
    text = json.dumps(value, indent=2)
    text = re.sub(r"\[([^\[\]{}]*)\]", lambda m: "[" + " ".join(m.group(1).split()) + "]", text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def build(sample: Sample) -> None:
    train_rows, rows, train_classes, classes = train_test_split(
        sample.features,
        sample.classes,
        test_size=HELD_OUT_SHARE,
        stratify=sample.classes,
        random_state=SEED,
    )
    exported = {}
    for version, classifier in sample.versions.items():
        classifier.fit(train_rows, train_classes)
        exported[version] = export(sample, version, classifier)
        worst = worst_difference(exported[version], rows, classifier)
        print(
            f"{sample.name} {version}: {len(exported[version])} bytes, "
            f"accuracy {classifier.score(rows, classes):.4f} on {len(rows)} held-out rows, "
            f"at most {worst:.1e} from scikit-learn"
        )
        if worst > TOLERANCE / 2:
            raise AssertionError(f"{sample.name} {version} strays {worst} from scikit-learn")
    probes = choose_probes(sample, rows, classes)
    for version, classifier in sample.versions.items():
        directory = ROOT / "models" / sample.name / version
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "model.onnx").write_bytes(exported[version])
        write_json(directory / "model.json", settings(sample, classifier, rows[probes]))
    others = np.setdiff1d(np.arange(len(rows)), probes)[:FIXTURE_ROWS]
    write_json(ROOT / "test/fixtures/heldout" / f"{sample.name}.json", held_out(sample, rows[others]))


if __name__ == "__main__":
    # One thread: the order in which sums are made, and so the last bits, are then the same in every run.
    with threadpool_limits(limits=1):
        for each in (iris(), digits()):
            build(each)
