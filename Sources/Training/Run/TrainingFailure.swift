import Collectives
import Configurations

/// Why a run cannot take another step, in one sentence.
public enum TrainingFailure: SharedFailure, Equatable, CustomStringConvertible {
  /// A value that is not finite: found in sums over the global batch or in weights, which are equal on all ranks.
  case nonFinite(step: Int, layer: String, lastCheckpoint: String?)
  /// Images that cannot be used, as ranks agreed before they took them; `canSkip`: another `data.on_error` would go on
  /// without them.
  case badData(during: String, problem: String, source: String, canSkip: Bool, lastCheckpoint: String?)

  public var description: String {
    switch self {
    case .nonFinite(let step, let layer, let lastCheckpoint):
      "step \(step): a non-finite value first appeared at '\(layer)'; "
        + (lastCheckpoint.map { "the last good checkpoint is \($0)" } ?? "no checkpoint has been written yet")
        + "; a lower optimizer.learning_rate usually helps"
    case .badData(let work, let problem, let source, let canSkip, let lastCheckpoint):
      "\(work): \(problem); "
        + (lastCheckpoint.map { "the last checkpoint is \($0)" } ?? "no checkpoint has been written yet")
        + "; 'sluice data verify \(source)' finds every such image"
        + (canSkip ? ", data.on_error=skip continues without them" : "")
    }
  }

  /// What a failure to read images, which ranks agreed on, comes to.
  static func badData(
    _ failure: AgreedFailure, during work: String, _ configuration: Configuration, _ lastCheckpoint: String?
  ) -> TrainingFailure {
    .badData(
      during: work, problem: "\(failure)", source: configuration.data.source,
      canSkip: configuration.data.onError == .stop, lastCheckpoint: lastCheckpoint)
  }
}
