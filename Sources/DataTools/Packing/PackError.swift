import Collectives

/// Why images were not packed, in one sentence.
public enum PackError: Error, Equatable, CustomStringConvertible {
  /// The folder belongs to a pack of other images.
  case otherPlan(folder: String, differences: [String])
  /// The folder holds files that no pack wrote.
  case occupied(folder: String, example: String)
  case insideSource(folder: String, source: String)
  case tooManyShards(shards: Int, images: Int)
  /// A file that another rank wrote is not to be seen here.
  case notShared(path: String)
  /// Images that cannot be used, each of which was named before.
  case badImages(count: Int, finishedShards: Int, shards: Int)
  case nothingLeft(skipped: Int)

  public var description: String {
    switch self {
    case .otherPlan(let folder, let differences):
      "\(folder) was started with different values (\(differences.joined(separator: ", "))): "
        + "name another folder, or remove this one"
    case .occupied(let folder, let example):
      "\(folder) holds '\(example)', which data pack did not write: name an empty or a new folder"
    case .insideSource(let folder, let source):
      "\(folder) lies inside the source \(source): name a folder beside it"
    case .tooManyShards(let shards, let images):
      "\(shards) shards are more than the \(images) training images: the most is --shards \(images)"
    case .notShared(let path):
      "\(path) cannot be seen from this rank: the folder must be on a file system that all ranks share"
    case .badImages(let count, let finishedShards, let shards):
      "\(count) \(count == 1 ? "image" : "images") cannot be packed, see above; "
        + "\(finishedShards) of \(shards) shards are finished and kept: "
        + "fix the source and run the same command again, or add --on-error skip to leave bad images out"
    case .nothingLeft(let skipped):
      "all \(skipped) training images were left out as bad: there is nothing to pack"
    }
  }
}

/// What every rank throws when packing was asked to stop, and did.
public struct PackingStopped: StoppedAsAsked, Equatable, CustomStringConvertible {
  public let finishedShards: Int
  public let shards: Int

  public var description: String {
    "stopped as requested with \(finishedShards) of \(shards) shards finished: the same command resumes from there"
  }
}
