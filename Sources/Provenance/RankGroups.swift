import Foundations
import Machine

/// Ranks of a job that have the same text to show.
package struct RankGroup: Equatable {
  package let ranks: [Int]
  package let text: String

  /// For example `rank 3` or `ranks 0–2,5`.
  package var label: String { Self.label(ranks) }

  package static func label(_ ranks: [Int]) -> String {
    "\(form(of: "rank", for: ranks.count)) \(CPUSet.text(ranks, dash: "–"))"
  }

  /// Groups `texts`, given by rank, in the order of their first ranks.
  package static func groups(_ texts: [String]) -> [RankGroup] {
    var order: [String] = []
    var ranks: [String: [Int]] = [:]
    for (rank, text) in texts.enumerated() {
      if ranks[text] == nil { order.append(text) }
      ranks[text, default: []].append(rank)
    }
    return order.map { RankGroup(ranks: ranks[$0]!, text: $0) }
  }
}

/// A fact that ranks of one job differ in.
public struct Disagreement: Codable, Equatable, Sendable {
  public struct Side: Codable, Equatable, Sendable {
    public let ranks: String
    public let value: String
  }

  public let fact: String
  public let sides: [Side]

  /// Those that are not usual.
  public static func all(_ environments: [Environment]) -> [Disagreement] {
    Fact.all.filter { $0.disagreement != nil }.compactMap { Disagreement($0, environments) }
  }

  /// nil if all ranks agree.
  package init?(_ fact: Fact, _ environments: [Environment]) {
    let groups = RankGroup.groups(environments.map(fact.text))
    guard groups.count > 1 else { return nil }
    self.fact = fact.name
    sides = groups.map { Side(ranks: $0.label, value: $0.text) }
  }
}
