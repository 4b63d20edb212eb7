import Evaluation
import Exchange
import Optimizers
import Pruning
import Tensors

/// A model and its optimizer as a checkpoint keeps them.
extension Model {
  var tensors: NetworkTensors { NetworkTensors(parameters: store.parameters, batchNorms: batchNorms) }

  /// The files of a checkpoint; each is encoded in its turn.
  func checkpointFiles(
    _ optimizer: Optimizer, _ probe: OnlineProbe?, _ state: TrainingState
  ) -> [CheckpointStore.File] {
    var files: [CheckpointStore.File] = [
      .init(name: Checkpoint.modelFile) {
        Safetensors.encode(self.tensors.entries, metadata: ["format": "pt"])
      },
      .init(name: Checkpoint.optimizerFile) { Safetensors.encode(self.entries(of: optimizer)) },
      .init(name: TrainingState.fileName) { state.encode() },
    ]
    if let mask { files.append(.init(name: PruningMask.fileName) { mask.encode() }) }
    if let probe { files.append(.init(name: OnlineProbe.fileName) { probe.encode() }) }
    return files
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
