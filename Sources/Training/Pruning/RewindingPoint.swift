import Collectives
import Configurations
import Exchange
import Foundation
import Foundations
import Tensors

/// A rewinding point: weights and running statistics of a model early in a run, which later runs begin with.
package enum RewindingPoint {
  static let fileName = "rewind.safetensors"

  private static let stepKey = "step"
  private static let configurationKey = "configuration"

  /// The bytes of the file.
  package static func encode(_ model: Model, step: Int, _ configuration: Configuration) -> Data {
    Safetensors.encode(
      model.tensors.entries,
      metadata: ["format": "pt", stepKey: "\(step)", configurationKey: configuration.decisiveYAML])
  }

  /// Gives a model the weights: all of them where the point is of a run of this configuration, which then goes on from
  /// there; else, as with another objective, the backbone's.
  ///
  /// - Parameter isBackbone: Whether the backbone's are taken in any case.
  /// - Returns: The step to go on after.
  /// - Throws: `CheckpointError.otherNetwork`, `SafetensorsError`, `RewindingPointError`.
  package static func load(
    _ file: SafetensorsFile, into model: Model, _ configuration: Configuration, isBackbone: Bool
  ) throws -> Int {
    guard let step = file.metadata[stepKey].flatMap({ Int($0) }), step.isCount,
      let origin = file.metadata[configurationKey]
    else { throw RewindingPointError.notOne(path: file.path) }
    guard !isBackbone, origin == configuration.decisiveYAML else {
      try NetworkTensors(model.backbone).load(file, allowingOthers: true)
      return 0
    }
    try model.tensors.load(file)
    return step
  }
}

/// What is wrong with a rewinding point.
enum RewindingPointError: Error, Equatable, CustomStringConvertible {
  case missing(path: String)
  case notOne(path: String)

  var description: String {
    switch self {
    case .missing(let path):
      "there is no rewinding point at \(path): sluice prune writes one, DIR/rounds/00/\(RewindingPoint.fileName), unless "
        + "pruning.rewind is random"
    case .notOne(let path):
      "\(path) is no rewinding point: it does not say after which step of which run its weights were kept"
    }
  }
}

/// What a run keeps for later ones to begin with.
public struct KeptPoint: Equatable, Sendable {
  /// The step after which the model is kept; 0: before the first.
  public let step: Int
  /// Whether a run that begins with it starts its schedule anew, instead of going on after that step.
  public let restarts: Bool

  public init(step: Int, restarts: Bool = false) {
    self.step = step
    self.restarts = restarts
  }
}

/// Keeps the model after a step of a run.
final class RewindingPointKeeper: RunObserver {
  private let point: KeptPoint
  private let prepared: RunPreparation

  init(_ point: KeptPoint, _ prepared: RunPreparation) {
    self.point = point
    self.prepared = prepared
  }

  var examinesNetwork: Bool { true }
  func isDue(after step: TakenStep) -> Bool { step.number == point.step }
  func observe(_ step: inout TakenStep, in state: inout TrainingState) throws { try keep(after: step.number) }

  /// Keeps the model as it is where it is time to.
  ///
  /// - Throws: The same `AgreedFailure` on every rank where it cannot be written: the run would be in vain.
  func keep(after step: Int) throws {
    guard step == point.step else { return }
    try prepared.communicator.agree {
      guard prepared.isRoot else { return }
      try DurableFiles.replace(
        prepared.folder.rewindingPoint,
        by: RewindingPoint.encode(
          prepared.model, step: point.restarts ? 0 : step, prepared.configuration))
    }
  }
}
