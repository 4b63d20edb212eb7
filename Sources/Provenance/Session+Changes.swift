extension Session {
  /// Something that is not what it was in an earlier session.
  public struct Change: Equatable, Sendable, CustomStringConvertible {
    public let what: String
    public let old: String
    public let new: String
    /// Whether bits can differ from those of a run without this change (contracts C1 to C3).
    public let decidesBits: Bool

    public var description: String { "\(what): \(old) → \(new)" }
  }

  /// What is not what it was in `old`.
  public func changes(since old: Session) -> [Change] {
    // The line about MPI also says how the ranks were started, which their number tells.
    let facts = Fact.all.filter {
      $0.decidesBits || $0.disagreement != nil && $0.section != .ranks && $0.name != "MPI"
    }.map {
      Change(
        what: $0.name, old: $0.text(old.environment), new: $0.text(environment), decidesBits: $0.decidesBits)
    }
    let keepsBits = ranks == old.ranks || hasBitsOfOneRank && old.hasBitsOfOneRank
    let job = [
      Change(
        what: "MPI", old: old.environment.mpi.library, new: environment.mpi.library, decidesBits: false),
      Change(what: "kernels", old: old.kernels, new: kernels, decidesBits: true),
      Change(what: "unlike ranks", old: old.mixture, new: mixture, decidesBits: true),
      Change(what: "ranks", old: "\(old.ranks)", new: "\(ranks)", decidesBits: !keepsBits),
      Change(what: "threads", old: old.threadText, new: threadText, decidesBits: false),
      Change(what: "hosts", old: old.hostText, new: hostText, decidesBits: false),
    ]
    return (facts + job).filter { $0.old != $0.new }
  }

  /// Ranks that differ in what decides bits.
  private var mixture: String {
    let deciding = Set(Fact.all.filter(\.decidesBits).map(\.name))
    let texts = disagreements.filter { deciding.contains($0.fact) }.map { disagreement in
      "\(disagreement.fact) "
        + disagreement.sides.map { "\($0.ranks): \($0.value)" }.joined(separator: ", ")
    }
    return texts.isEmpty ? "none" : texts.joined(separator: "; ")
  }

  private var threadText: String {
    Set(hosts.flatMap(\.threads)).sorted().map(String.init).joined(separator: " or ")
  }
}
