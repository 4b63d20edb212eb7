import Collectives
import Configurations
import Datasets
import Foundation
import Foundations
import Provenance

// What a run may be resumed with.
extension Configuration {
  /// - Parameter digests: Of the data that is there now, and of that of `old` (`DataParts.digest`): the same data may be
  ///   found by another path.
  /// - Throws: `RunError.otherConfiguration` where what decides the result differs from `old`, found in `folder`.
  func requireSameResult(
    as old: Configuration, in folder: String, digests: (new: String?, old: String?) = (nil, nil)
  ) throws {
    let isSameData = DatasetSource.isSame(
      (data.source, digests.new), as: (old.data.source, digests.old))
    let differences = differences(from: old).filter {
      $0.decidesResult && !(isSameData && $0.key == "data.source")
    }
    if differences.map(\.key) == ["data.source"], let old = digests.old, let new = digests.new, old != new {
      throw RunError.otherData(folder: folder, old: old, new: new)
    }
    guard differences.isEmpty else {
      throw RunError.otherConfiguration(folder: folder, differences: differences.map(\.description))
    }
  }
}

extension TrainingState {
  /// - Throws: `RunError.otherData` where the run went over other data than that of `digest`; `folder` is where the
  ///   state was found.
  func requireSameData(as digest: String?, in folder: String) throws(RunError) {
    guard let dataDigest, dataDigest != digest else { return }
    throw .otherData(folder: folder, old: dataDigest, new: digest)
  }
}

// What all ranks of a run must have.
extension Communicator {
  /// - Throws: `UnlikeRanks` on every rank where they read other configurations or see other data; `CollectiveError`.
  func requireSame(_ configuration: Configuration, _ data: DataParts) throws {
    let digests = [
      DurableFiles.digest(Data(configuration.decisiveYAML.utf8)), data.digest ?? "unknown",
    ]
    let all = try gatherEach(digests)
    for (index, (what, advice)) in [
      ("configuration", "give all ranks the same command"),
      ("data", "copy the same files to every node"),
    ].enumerated() {
      try UnlikeRanks.refuse(what, all.map { "digest \($0[index].prefix(12))" }, advice: advice)
    }
  }
}
