import Configurations

// What a run may be resumed with.
extension Configuration {
  /// - Throws: `RunError.otherConfiguration` where what decides the result differs from `old`, found in `folder`.
  func requireSameResult(as old: Configuration, in folder: String) throws {
    let differences = differences(from: old).filter(\.decidesResult)
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
