import Collectives
import Foundation
import Version

/// What every rank throws where ranks of one job differ in what has to be the same, and would wait for each other for ever
/// or train to nonsense.
public struct UnlikeRanks: SharedFailure, Equatable, CustomStringConvertible {
  /// What they differ in.
  let subject: String
  /// Which ranks have which.
  let groups: [RankGroup]
  let advice: String

  /// - Parameter texts: What each rank has, in rank order.
  package static func refuse(_ subject: String, _ texts: [String], advice: String) throws(UnlikeRanks) {
    let groups = RankGroup.groups(texts)
    guard groups.count > 1 else { return }
    throw UnlikeRanks(subject: subject, groups: groups, advice: advice)
  }

  public var description: String {
    let sides = groups.prefix(3).map { "\($0.label) \($0.ranks.count == 1 ? "has" : "have") \($0.text)" }
    return "ranks do not have the same \(subject): "
      + (sides + (groups.count > 3 ? ["others have others"] : [])).joined(separator: "; ") + ": \(advice)"
  }
}

extension Communicator {
  /// Compares what each rank runs: version, commit, and the size of the executable, which a change that was not committed
  /// hardly leaves alone.
  ///
  /// - Throws: `UnlikeRanks` on every rank; `CollectiveError`.
  public func requireSameBuild() throws {
    guard worldSize > 1 else { return }
    var status = stat()
    let size = stat("/proc/self/exe", &status) == 0 ? ", \(status.st_size) bytes" : ""
    try UnlikeRanks.refuse(
      "build of Sluice", try gatherEach(Version.description + size), advice: "use one on every node")
  }
}
