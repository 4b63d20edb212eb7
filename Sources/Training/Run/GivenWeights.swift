import Collectives
import Exchange
import Foundations
import Provenance
import Tensors

/// Weights that a run begins with instead of those of its seed. Rank 0 reads them, and every rank has the same bits.
struct GivenWeights {
  private let file: SafetensorsFile
  private let part: Part

  private enum Part {
    /// Everything that a model has, by Sluice's names.
    case model
    /// The backbone alone, as whatever program has written it.
    case backbone
  }

  /// Those of another run of the same model.
  ///
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  init(of checkpoint: Checkpoint) throws {
    file = try checkpoint.tensors(in: Checkpoint.modelFile)
    part = .model
  }

  /// The backbone of a safetensors file.
  ///
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  init(ofBackboneIn path: String, on communicator: Communicator) throws {
    let data = try communicator.contents(of: path) { SafetensorsError.unreadable(path: path, reason: $0) }
    file = try communicator.agree {
      do {
        return try SafetensorsFile(data, path: path)
      } catch {
        // How zip archives and pickles begin.
        let isPickled = data.starts(with: "PK".utf8) || data.first == 0x80
        throw isPickled ? BackboneInFileError.pickled(path: path) : error
      }
    }
    part = .backbone
  }

  /// Gives them to a model that has its initial weights, which it keeps where there are no others.
  ///
  /// - Returns: What a record of the run says of them.
  /// - Throws: `CheckpointError.otherNetwork`, `BackboneInFileError`, `SafetensorsError.wrongType`; the same on every
  ///   rank.
  func load(into model: Model) throws -> Session.InitialWeights {
    switch part {
    case .model:
      try model.tensors.load(file)
      return record(tensors: file.names.count, absent: 0)
    case .backbone:
      let found = try BackboneInFile(file, for: model.backbone)
      try found.load(into: model.backbone)
      return record(tensors: found.names.count, absent: found.absent.count)
    }
  }

  private func record(tensors: Int, absent: Int) -> Session.InitialWeights {
    .init(path: file.path, sha256: file.digest, tensors: tensors, absentTensors: absent)
  }
}

extension Session.InitialWeights {
  /// For the log.
  var line: String {
    let taken = "starting with \(counted(tensors, "tensor")) of \(path), SHA-256 \(sha256.prefix(12))"
    guard absentTensors > 0 else { return taken }
    return taken
      + "; \(counted(absentTensors, "tensor")) of gates are not in it and start with the seed's values"
  }
}
