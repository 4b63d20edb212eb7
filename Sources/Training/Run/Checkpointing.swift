import Collectives
import Foundation
import Optimizers
import Tensors

/// Saves and restores the whole state of a run. Rank 0 alone touches files; what it reads goes to all ranks,
/// so that the other nodes need not see its disk.
struct Checkpointing {
  let communicator: Communicator
  let model: Model
  let optimizer: Optimizer

  static let modelFile = "model.safetensors"
  static let optimizerFile = "optimizer.safetensors"

  /// Writes the checkpoint of a state; rank 0 only.
  @discardableResult
  func save(_ state: TrainingState, to store: CheckpointStore) throws -> String {
    try store.save(
      step: state.step,
      files: [
        .init(name: Self.modelFile) { Safetensors.encode(model.modelEntries, metadata: ["format": "pt"]) },
        .init(name: Self.optimizerFile) { Safetensors.encode(model.optimizerEntries(optimizer)) },
        .init(name: TrainingState.fileName) { state.encode() },
      ])
  }

  /// Restores model and optimizer on every rank from a checkpoint that rank 0 reads.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  func restore(from path: String) throws -> TrainingState {
    let contents = try communicator.agree { () throws -> [Data] in
      guard communicator.rank == 0 else { return [] }
      try CheckpointStore.verify(path)
      return try [Self.modelFile, Self.optimizerFile, TrainingState.fileName].map {
        try Data(contentsOf: URL(fileURLWithPath: "\(path)/\($0)"))
      }
    }
    let files = try (0..<3).map {
      Data(try communicator.broadcast(contents.isEmpty ? [] : Array(contents[$0])))
    }
    return try communicator.agree {
      try model.load(try SafetensorsFile(files[0], path: "\(path)/\(Self.modelFile)"))
      try model.load(try SafetensorsFile(files[1], path: "\(path)/\(Self.optimizerFile)"), into: optimizer)
      return try TrainingState(files[2], path: "\(path)/\(TrainingState.fileName)")
    }
  }
}
