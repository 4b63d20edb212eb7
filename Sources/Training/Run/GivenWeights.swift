import Collectives
import Configurations
import Exchange
import Foundations
import Provenance
import Tensors

/// Weights that a run begins with instead of those of its seed. Rank 0 reads them, and every rank has the same bits.
enum GivenWeights {
  /// Those of another run of the same model, heads included.
  case model(Checkpoint)
  /// Those of the backbone in a safetensors file, as whatever program has written it.
  case backbone(path: String)
  /// Those of a rewinding point; `isBackbone`: of its backbone alone.
  case rewindingPoint(path: String, isBackbone: Bool)

  /// The file that a person named; nil: a checkpoint.
  var path: String? {
    switch self {
    case .model: nil
    case .backbone(let path), .rewindingPoint(let path, _): path
    }
  }

  /// Gives them to a model that has its initial weights, which it keeps where there are no others. Gates whose channels open
  /// together get one decision for each group, even if the weights are of gates that had more.
  ///
  /// - Returns: What a record of the run says of them, and the step after which the run goes on.
  /// - Throws: The same `AgreedFailure` on every rank, with `CheckpointError.otherNetwork`, `BackboneInFileError`,
  ///   `RewindingPointError` or `SafetensorsError`; `CollectiveError`.
  func load(
    into model: Model, _ configuration: Configuration, on communicator: Communicator
  ) throws -> (Session.InitialWeights, step: Int) {
    defer { model.backbone.gates.forEach { $0.tieGroups() } }
    switch self {
    case .model(let checkpoint):
      let file = try checkpoint.tensors(in: Checkpoint.modelFile)
      try communicator.agree { try model.tensors.load(file) }
      return (Session.InitialWeights(file, tensors: file.names.count), 0)
    case .backbone(let path):
      let file = try Self.file(path, on: communicator)
      return try communicator.agree {
        let found = try BackboneInFile(file, for: model.backbone)
        try found.load(into: model.backbone)
        return (Session.InitialWeights(file, tensors: found.names.count, absent: found.absent.count), 0)
      }
    case .rewindingPoint(let path, let isBackbone):
      let file = try Self.file(path, missing: RewindingPointError.missing(path: path), on: communicator)
      return try communicator.agree {
        let step = try RewindingPoint.load(file, into: model, configuration, isBackbone: isBackbone)
        return (Session.InitialWeights(file, tensors: file.names.count), step)
      }
    }
  }

  private static func file(
    _ path: String, missing: (any Error)? = nil, on communicator: Communicator
  ) throws -> SafetensorsFile {
    let data = try communicator.contents(of: path, missing: missing) {
      SafetensorsError.unreadable(path: path, reason: $0)
    }
    return try communicator.agree {
      do {
        return try SafetensorsFile(data, path: path)
      } catch {
        // How zip archives and pickles begin.
        let isPickled = data.starts(with: "PK".utf8) || data.first == 0x80
        throw isPickled ? BackboneInFileError.pickled(path: path) : error
      }
    }
  }
}

extension Session.InitialWeights {
  fileprivate init(_ file: SafetensorsFile, tensors: Int, absent: Int = 0) {
    self.init(path: file.path, sha256: file.digest, tensors: tensors, absentTensors: absent)
  }

  /// For the log.
  var line: String {
    let taken = "starting with \(counted(tensors, "tensor")) of \(path), SHA-256 \(sha256.prefix(12))"
    guard absentTensors > 0 else { return taken }
    return taken
      + "; \(counted(absentTensors, "tensor")) of gates are not in it and start with the seed's values"
  }
}
