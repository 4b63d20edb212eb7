import Collectives
import Foundations

/// Why features were not written, in one sentence.
enum EmbeddingError: Error, Equatable, CustomStringConvertible {
  /// What there is of a file is of another network or of other images.
  case otherValues(folder: String, old: [String: String], new: [String: String])
  case damaged(path: String, folder: String)

  var description: String {
    switch self {
    case .otherValues(let folder, let old, let new):
      "\(folder) was started with different values (\(Self.differences(old, new).joined(separator: "; "))): "
        + "restore the old ones, name another --output, or remove the folder"
    case .damaged(let path, let folder):
      "\(path) is damaged: it is not the JSON that was written; remove \(folder) and run the same command again"
    }
  }

  private static func differences(_ old: [String: String], _ new: [String: String]) -> [String] {
    Set(old.keys).union(new.keys).sorted().filter { old[$0] != new[$0] }.map { key in
      let (before, now) = toldApart(shown(old[key]), shown(new[key]))
      return "\(key): \(before) → \(now)"
    }
  }

  /// Digests by as much as tells them apart, lists by their beginning.
  private static func shown(_ value: String?) -> String {
    guard let value else { return "none" }
    return value.count > 40 ? "\(value.prefix(12))…" : value
  }
}

/// What every rank throws when it was asked to stop before all features were written, and did.
struct EmbeddingStopped: StoppedAsAsked, Equatable, CustomStringConvertible {
  let done: Int
  let images: Int

  var description: String {
    "stopped as requested with the features of \(grouped(done)) of \(counted(images, "image")): "
      + "the same command resumes from there"
  }
}
