import Foundation
import Foundations

/// What a run tells its logs, in the order in which it happens.
package enum LogEntry: Sendable {
  case training(TrainingMetrics)
  case evaluation(EvaluationMetrics)
  case audit(AuditRecord)
  case rankTimes(RankTimesRecord)
  case picture(LogPicture)
}

/// What an evaluation during training found.
package struct EvaluationMetrics: Sendable {
  /// Steps taken before it.
  package let step: Int
  /// The epoch of the last of them, from 0.
  package let epoch: Int
  /// Seconds since 1970.
  package let timestamp: Double
  /// The object that the evaluating command prints with `--json`.
  package let result: JSONValue
  /// The accuracies of the linear probe that learns beside the network; nil where there is none.
  package let probe: JSONValue?
  /// The same of the classifier that the network is trained with; nil where it learns without labels.
  package let classifier: JSONValue?
  /// How often gates opened each of their channels, in the order of the forward pass; empty where it was not counted.
  package let gates: [GateChannels]

  package init(
    step: Int, epoch: Int, timestamp: Double, result: JSONValue, probe: JSONValue? = nil,
    classifier: JSONValue? = nil, gates: [GateChannels] = []
  ) {
    self.step = step
    self.epoch = epoch
    self.timestamp = timestamp
    self.result = result
    self.probe = probe
    self.classifier = classifier
    self.gates = gates
  }

  /// The object of a line of `metrics.jsonl`.
  package var json: JSONValue {
    .object([
      "step": .integer(step), "epoch": .integer(epoch), "evaluation": result, "probe": probe ?? .null,
      "classifier": classifier ?? .null, "timestamp": .number(timestamp),
    ])
  }
}

/// How often a gate opened each of its channels.
package struct GateChannels: Equatable, Sendable {
  /// What the logs call the gate, see `Blueprint.gateLabels`.
  package let gate: String
  /// By channel: the share of images for which it was open, in [0, 1].
  package let openShares: [Double]

  package init(gate: String, openShares: [Double]) {
    self.gate = gate
    self.openShares = openShares
  }
}

/// A picture that shows something of a run at a step.
package struct LogPicture: Equatable, Sendable {
  package let tag: String
  package let step: Int
  /// Seconds since 1970.
  package let timestamp: Double
  /// Pixels.
  package let width: Int
  package let height: Int
  /// A PNG file.
  package let png: Data

  package init(tag: String, step: Int, timestamp: Double, width: Int, height: Int, png: Data) {
    self.tag = tag
    self.step = step
    self.timestamp = timestamp
    self.width = width
    self.height = height
    self.png = png
  }
}

/// This moment as logs write it: seconds since 1970, in whole milliseconds.
package func currentTimestamp() -> Double { (Date().timeIntervalSince1970 * 1000).rounded() / 1000 }
