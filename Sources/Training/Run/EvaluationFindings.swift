import Datasets
import Evaluation
import Foundations
import Metrics
import Networks

/// What an evaluation during training found; rank 0 alone has it.
struct EvaluationFindings {
  let neighbours: KNNReport
  /// nil for a network without gates.
  let gates: GateStatistics?
  /// nil where no probe learns.
  let probe: ClassifierReport?
  /// Of the classifier that the network is trained with; nil where it learns without labels.
  let classifier: ClassifierReport?
  let testImages: any ImageDataset

  /// For a person, in one line.
  var line: String {
    neighbours.line + (classifier.map { ", its own classifier \(percent($0.predictions.top1))" } ?? "")
      + (probe.map { ", linear probe \(percent($0.predictions.top1))" } ?? "")
  }

  /// What the logs take.
  func metrics(in state: TrainingState, gates blueprint: Blueprint) -> EvaluationMetrics {
    EvaluationMetrics(
      step: state.step, epoch: state.epoch, timestamp: currentTimestamp(), result: neighbours.json,
      probe: probe?.json, classifier: classifier?.json,
      gates: gates.map { statistics in
        zip(blueprint.gateLabels, statistics.gates).map { label, gate in
          GateChannels(
            gate: label, openShares: gate.open.map { Double($0) / Double(statistics.images) })
        }
      } ?? [])
  }

  /// `evaluation.json`: what reports show of the newest evaluation, beside what the logs have.
  func details(of data: DataParts, step: Int) -> JSONValue {
    .object([
      "step": .integer(step), "classes": .list(data.classNames.map(JSONValue.text)), "knn": neighbours.json,
      "probe": probe?.detailedJSON ?? .null, "classifier": classifier?.detailedJSON ?? .null,
      "gates": gates.map { GateReport($0, picturesOf: testImages).json } ?? .null,
    ])
  }
}
