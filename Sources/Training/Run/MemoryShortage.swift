import Collectives
import Foundations
import Machine
import Provenance

/// Memory, or addresses for it, that a run needs and that ranks do not have.
struct MemoryShortage: Error, Equatable, CustomStringConvertible {
  /// Whether the run cannot end well. Otherwise it may: other programs end too, and estimates are rough.
  let isCertain: Bool
  let problem: String
  let cure: String

  var description: String { "\(problem): \(cure)" }

  /// How far an estimate was seen to be off, either way, and a little more (docs/benchmarks.md).
  private static let doubt = 1.25

  /// What a rank has already.
  struct Holding: Codable {
    var space: AddressSpace?
    /// Bytes of memory that are part of what is expected of it.
    var resident: Int

    static func current(_ files: SystemFiles = .live) -> Holding {
      Holding(
        space: AddressSpace(files), resident: files.bytes(of: "VmRSS", in: "/proc/self/status") ?? 0)
    }
  }

  /// The worst that is found; nil: there is enough.
  ///
  /// - Parameters:
  ///   - bytes: What a rank is expected to take.
  ///   - environments: In rank order, like `holdings`.
  init?(bytes: Double, _ environments: [Environment], _ holdings: [Holding]) {
    let hosts = RankGroup.groups(environments.map(\.host)).flatMap { group in
      Self.ofHost(bytes, host: group.text, ranks: group.ranks.count, environments[group.ranks[0]].memory)
    }
    let ranks = zip(environments, holdings).compactMap { Self.ofRank(bytes, host: $0.host, $1) }
    let found = hosts + ranks
    guard let worst = found.first(where: \.isCertain) ?? found.first else { return nil }
    self = worst
  }

  private init(isCertain: Bool, problem: String, cure: String) {
    self.isCertain = isCertain
    self.problem = problem
    self.cure = cure
  }

  private static let smaller =
    "take a smaller batch.global or network, batch.micro or memory.recompute=true"

  private static func ofHost(
    _ bytes: Double, host: String, ranks: Int, _ memory: Environment.Memory
  ) -> [MemoryShortage] {
    let needed = bytes * Double(ranks)
    let need = "this run needs about \(memoryText(bytes)) of memory a rank"
    let whose = ranks == 1 ? "" : " for \(ranks) ranks"
    func shortage(_ isCertain: Bool, _ there: String, _ cure: String) -> MemoryShortage {
      MemoryShortage(isCertain: isCertain, problem: "\(need), and \(there)\(whose)", cure: cure)
    }
    let all = (memory.total.map { $0 + (memory.swap ?? 0) }).map(Double.init)
    let allowed = memory.limit.map { Double($0 + (memory.swap ?? 0)) }
    if let allowed, needed > doubt * allowed, allowed < all ?? .infinity {
      return [
        shortage(
          true, "the control group of \(host) allows \(memoryText(Double(memory.limit!)))",
          "ask for more memory (sbatch --mem, docker run --memory), or \(smaller)")
      ]
    }
    if let all, needed > doubt * all {
      return [shortage(true, "\(host) has \(memoryText(all))", "use more nodes, or \(smaller)")]
    }
    let free = [memory.available, memory.limit].compactMap { $0 }.min().map(Double.init)
    guard let free, needed > free else { return [] }
    return [
      shortage(
        false, "\(host) has \(memoryText(free)) left now",
        "if that stays so, the system ends it in the middle of training; end other programs, or \(smaller)")
    ]
  }

  /// Everything that a rank will write beside what it has written needs addresses beside those that it has.
  private static func ofRank(_ bytes: Double, host: String, _ holding: Holding) -> MemoryShortage? {
    guard let space = holding.space else { return nil }
    func more(_ bytes: Double) -> Int { Int(min(bytes, 0x1p60)) - holding.resident }
    guard !space.holds(more(bytes * doubt)) else { return nil }
    let isCertain = space.used + more(bytes / doubt) > space.limit
    let least = space.least(with: more(bytes))
    return MemoryShortage(
      isCertain: isCertain,
      problem: "\(space.words) on \(host), and this run needs about \(memoryText(Double(least)))",
      cure: "raise the limit, use fewer threads, or \(smaller)")
  }
}

extension Communicator {
  /// Whether ranks and their hosts have what a run is expected to take; the same on every rank.
  ///
  /// - Throws: `CollectiveError`.
  func memoryShortage(for bytes: Double, _ environments: [Environment]) throws -> MemoryShortage? {
    MemoryShortage(bytes: bytes, environments, try gatherEach(MemoryShortage.Holding.current()))
  }
}
