import Foundation
import Foundations

/// Who holds a folder, for all that one look shows.
public enum FolderHolding: Equatable, Sendable {
  /// Nobody.
  case free
  /// A process that runs on this host.
  case held(FolderClaim.Holder?)
  /// A process that has ended without giving it back.
  case left(FolderClaim.Holder?)
  /// A process that cannot be seen from here, whose last heartbeat was then, in nanoseconds since 1970 by the clock of
  /// the file system.
  case unseen(FolderClaim.Holder?, beat: Int64)

  /// Whether the holder counts as alive.
  ///
  /// - Parameter now: What time it is by the clock of the file system (`FolderClaim.time(in:)`).
  public func isAlive(at now: Int64) -> Bool {
    switch self {
    case .free, .left: false
    case .held: true
    case .unseen(_, let beat): .nanoseconds(max(0, now - beat)) < FolderClaim.Pace().patience
    }
  }
}

// Looks that take nothing.
extension FolderClaim {
  /// Looks who holds a folder, and changes nothing.
  ///
  /// - Throws: `UnwritableFile` where it cannot be looked into.
  public static func holding(of folder: String) throws(UnwritableFile) -> FolderHolding {
    let path = "\(folder)/\(fileName)"
    guard let found = try Found(path) else { return .free }
    if found.isLeftover(at: path) { return .left(found.holder) }
    return found.holder?.process.isRunning == true
      ? .held(found.holder) : .unseen(found.holder, beat: found.beat)
  }

  /// What time it is by the clock of the file system that a folder is on, in nanoseconds since 1970. For that a file is
  /// made in it for a moment; where that cannot be, this machine's clock has to do.
  public static func time(in folder: String) -> Int64 {
    (try? time(in: folder, token: UUID().uuidString)) ?? Int64(Date().timeIntervalSince1970 * 1e9)
  }

  /// Looks whether this process has the folder or could take it, and changes nothing.
  ///
  /// - Throws: `FolderHeld` where its holder is alive, or was within the last two minutes, for all that can be seen;
  ///   `UnwritableFile`.
  public static func requireFree(_ folder: String) throws {
    let holding = try holding(of: folder)
    guard case .held(let holder) = holding, holder?.process == .current else {
      guard holding.isAlive(at: Int64(Date().timeIntervalSince1970 * 1e9)) else { return }
      throw FolderHeld(folder: folder, holder: holding.holder)
    }
  }
}

extension FolderHolding {
  /// nil: nobody, or somebody who did not say.
  public var holder: FolderClaim.Holder? {
    switch self {
    case .free: nil
    case .held(let holder), .left(let holder), .unseen(let holder, _): holder
    }
  }
}
