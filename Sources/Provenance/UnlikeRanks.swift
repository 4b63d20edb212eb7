import Collectives
import Machine
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
  /// Compares what each rank runs: version, commit, and the executable itself, as changes need not be committed.
  ///
  /// - Throws: `UnlikeRanks` on every rank; `CollectiveError`.
  public func requireSameBuild() throws {
    guard worldSize > 1 else { return }
    let program = ProgramFile.digest().map { ", program \($0.prefix(12))" } ?? ""
    try UnlikeRanks.refuse(
      "build of Sluice", try gatherEach(Version.description + program), advice: "use one on every node")
  }
}
