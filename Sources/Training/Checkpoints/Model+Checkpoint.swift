import Collectives
import Evaluation
import Exchange
import Foundation
import Foundations
import Optimizers
import Pruning
import Tensors

extension NetworkTensors {
  /// The SHA-256 of `Checkpoint.modelFile`, as a checkpoint's manifest has it.
  var fileDigest: String { DurableFiles.digest(Self.modelFile(entries)) }

  /// The bytes of `Checkpoint.modelFile`.
  fileprivate static func modelFile(_ entries: [Safetensors.Entry]) -> Data {
    Safetensors.encode(entries, metadata: ["format": "pt"])
  }
}

/// A model and its optimizer as a checkpoint keeps them.
extension Model {
  var tensors: NetworkTensors { NetworkTensors(parameters: store.parameters, batchNorms: batchNorms) }

  /// The files of a checkpoint, made of copies: training may change what they were copied from.
  ///
  /// - Parameter remembered: What the objective remembers, of all ranks.
  func checkpointFiles(
    _ optimizer: Optimizer, _ remembered: [Safetensors.Entry], _ probe: OnlineProbe?, _ state: TrainingState
  ) -> [CheckpointStore.File] {
    let (network, velocities) = (tensors.entries, entries(of: optimizer))
    var files: [CheckpointStore.File] = [
      .init(name: Checkpoint.modelFile) { NetworkTensors.modelFile(network) },
      .init(name: Checkpoint.optimizerFile) { Safetensors.encode(velocities) },
      .init(name: TrainingState.fileName) { state.encode() },
    ]
    if let mask { files.append(.init(name: PruningMask.fileName) { mask.encode() }) }
    if !remembered.isEmpty {
      files.append(.init(name: Checkpoint.objectiveFile) { Safetensors.encode(remembered) })
    }
    if let probe {
      let weights = probe.encode()
      files.append(.init(name: OnlineProbe.fileName) { weights })
    }
    return files
  }

  /// What the objective remembers, of all ranks; nothing but on rank 0. Every rank calls it.
  ///
  /// - Throws: `CollectiveError`.
  func remembered(on communicator: Communicator) throws -> [Safetensors.Entry] {
    try objective.remembered(by: communicator.rank).compactMap { rows in
      try communicator.gather(rows.own, to: 0).map { .init(name: rows.name, shape: rows.shape, values: $0) }
    }
  }

  /// Gives the objective back what it remembered when the checkpoint was written. Every rank calls it.
  ///
  /// - Parameter imageCount: Images that are trained on.
  /// - Throws: The same `AgreedFailure` on every rank where it is of other data; `CollectiveError`.
  func restoreRemembered(from checkpoint: Checkpoint, imageCount: Int, on communicator: Communicator) throws {
    guard let file = try checkpoint.tensorsIfPresent(in: Checkpoint.objectiveFile) else { return }
    try communicator.agree {
      guard
        objective.restore(
          file, imageCount: imageCount, rank: communicator.rank, worldSize: communicator.worldSize)
      else {
        throw CheckpointError.damaged(
          path: file.path, problem: "it is not what this objective remembers of \(imageCount) images")
      }
    }
  }

  /// v of the optimizer, by the name of its parameter.
  private func entries(of optimizer: Optimizer) -> [Safetensors.Entry] {
    store.parameters.enumerated().map { index, parameter in
      .init(name: parameter.name, shape: parameter.shape, values: optimizer.velocity(of: index))
    }
  }

  /// Replaces the optimizer's state by a file's.
  ///
  /// - Throws: `CheckpointError.otherNetwork`; nothing is changed then.
  func load(_ file: SafetensorsFile, into optimizer: Optimizer) throws {
    try file.match(store.parameters.map { ($0.name, $0.shape) })
    for (index, parameter) in store.parameters.enumerated() {
      optimizer.setVelocity(try file.floats(parameter.name), of: index)
    }
  }
}
