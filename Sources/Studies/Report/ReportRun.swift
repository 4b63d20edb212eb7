import Configurations
import Foundations
import Metrics
import Networks

/// A run as a report shows it.
struct ReportRun: Sendable {
  let path: String
  /// The number of steps after which it ends; nil where that is not known.
  let steps: Int?
  /// In the order of steps.
  let training: [TrainingMetrics]
  /// In the order of steps; the first is of the untrained network.
  let evaluations: [RecordedEvaluation]
  /// What ranks spent on steps, in the order of these; none of a run on one rank.
  let rankTimes: [RankTimesRecord]
  /// What is missing and what is still to come, a sentence each.
  let notes: [String]
  /// As `config.yaml` has it; empty where there is none.
  let configurationText: String
  /// nil: this version cannot read it.
  let configuration: Configuration?
  /// The contents of `environment.json`; nil: there is none.
  let environment: JSONValue?
  /// The contents of `evaluation.json`; nil: there is none.
  let final: FinalEvaluation?
  /// Top-1 in percent of a linear classifier on the last checkpoint's features; nil: there was none.
  let linearEvaluation: Double?

  /// The last word of the path.
  var name: String { path.split(separator: "/").last.map(String.init) ?? path }

  var lastEvaluation: RecordedEvaluation? { evaluations.last }
  /// Of the trained network; in percent.
  var knn: Double? { lastEvaluation?.top1 }
  /// Of the untrained one, where it was evaluated.
  var knnBefore: Double? {
    evaluations.first.flatMap { $0.step == 0 && evaluations.count > 1 ? $0.top1 : nil }
  }
  /// In percent; of the probe that learned beside the network where no classifier was trained afterwards.
  var linear: Double? { linearEvaluation ?? final?.probe?.top1 }
  /// Of the test images where they were evaluated, else of the last line of training.
  var macsShare: Double? { lastEvaluation?.macsShare ?? training.last?.macsShare }
  var lastStep: Int { max(training.last?.step ?? 0, evaluations.last?.step ?? 0) }
  var isGated: Bool { configuration?.gates.enabled ?? !(training.last?.density.isEmpty ?? true) }
  /// t_d, in [0, 1]; nil where MACs are not what is budgeted.
  var target: Double? { configuration.flatMap { $0.gates.enabled ? $0.gates.target.share : nil } }

  /// What the steps took, waiting for images included; evaluations and checkpoints left out.
  var trainingSeconds: Double? {
    if let seconds = training.last?.seconds { return seconds }
    // Runs did not always record it.
    guard let batch = configuration?.batch.global, !training.isEmpty else { return nil }
    var last = 0
    return training.reduce(0.0) { sum, line in
      defer { last = line.step }
      return line.imagesPerSecond > 0
        ? sum + Double(line.step - last) * Double(batch) / line.imagesPerSecond : sum
    }
  }

  /// Over all lines, weighted by their time.
  var imagesPerSecond: Double? {
    guard let seconds = trainingSeconds, seconds > 0, let batch = configuration?.batch.global,
      let last = training.last
    else { return nil }
    return Double(last.step) * Double(batch) / seconds
  }

  /// What the gates are called, in the order of the forward pass.
  var gateLabels: [String] {
    let count = training.last?.density.count ?? 0
    let labels = configuration.map { $0.backbone.blueprint.gateLabels } ?? []
    return labels.count == count ? labels : (0..<count).map { "gate \($0 + 1)" }
  }
}
