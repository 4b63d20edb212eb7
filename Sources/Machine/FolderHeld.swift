/// A folder that another process writes to.
public struct FolderHeld: Error, Equatable, CustomStringConvertible {
  public let folder: String
  /// nil: it did not say.
  public let holder: FolderClaim.Holder?

  public var description: String {
    "\(folder) is in use by \(holder.words): wait until it has ended, name another folder, or, if you know that "
      + "it is gone, add --take-over"
  }
}

/// A folder that another process took, so that this one must not write to it any more.
public struct FolderLost: Error, Equatable, CustomStringConvertible {
  public let folder: String
  /// nil: it did not say, or has given the folder back.
  public let holder: FolderClaim.Holder?

  public var description: String {
    let cause =
      holder.map { "\(folder) has been taken over by \($0.words)" }
      ?? "\(folder)/\(FolderClaim.fileName) is gone, so that another process may have taken \(folder)"
    return "\(cause): this process writes nothing more to it"
  }
}

extension FolderClaim.Holder {
  /// For example "process 4711 on node03, since 2026-11-27T12:00:03Z".
  public var words: String { "process \(process.number) on \(process.hostName), since \(since)" }
}

extension FolderClaim.Holder? {
  var words: String { self?.words ?? "a process that did not give its name" }
}
