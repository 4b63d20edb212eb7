import Testing

@testable import Machine

@Suite struct PlacementTests {
  private func placements(_ seats: [(host: String, cores: Set<Int>)]) -> [Placement] {
    let seats = seats.map { Placement.Seat(hostName: $0.host, cores: $0.cores) }
    return seats.indices.map { Placement(rank: $0, seats: seats) }
  }

  @Test func aRankAloneUsesItsMask() {
    let alone = placements([("a", [2, 3, 5])])[0]
    #expect(alone.threads == 3)
    #expect(alone.warnings == [])
  }

  @Test func ranksThatShareCoresDivideThem() {
    let ranks = placements([("a", [0, 1, 2, 3]), ("a", [0, 1, 2, 3]), ("b", [0, 1, 2, 3])])
    #expect(ranks.map(\.threads) == [2, 2, 4])
    #expect(ranks[0].sharingRanks == [0, 1])
    #expect(ranks[2].sharingRanks == [2])
    #expect(ranks.allSatisfy { $0.warnings.isEmpty })
  }

  @Test func boundRanksKeepWhatIsTheirs() {
    let ranks = placements([("a", [0, 1]), ("a", [2, 3])])
    #expect(ranks.map(\.threads) == [2, 2])
  }

  @Test func threadsAreRoundedDownButNeverToNone() {
    #expect(placements([("a", [0, 1, 2]), ("a", [0, 1, 2])]).map(\.threads) == [1, 1])
    #expect(placements([("a", []), ("a", [])]).map(\.threads) == [1, 1])
  }

  @Test func moreRanksThanCoresAreWarnedAboutOnceAndEverywhereTheSame() {
    let ranks = placements([("a", [0, 1]), ("a", [0, 1]), ("a", [0, 1]), ("b", [7]), ("b", [7])])
    let expected = [
      "ranks 0, 1, 2 share 2 cores of a and will slow each other down",
      "ranks 3, 4 share 1 core of b and will slow each other down",
    ]
    #expect(ranks.map(\.threads) == [1, 1, 1, 1, 1])
    for rank in ranks { #expect(rank.warnings == expected) }
  }

  /// The quota is the host's, not the rank's.
  @Test(arguments: [(1.5, 1, 2), (1.5, 2, 1), (4, 2, 2), (3.2, 1, 4), (64, 2, 4), (0.2, 1, 1)])
  func aQuotaOfCPUTimeIsShared(quota: Double, ranks: Int, threads: Int) {
    let seats = (0..<ranks).map { rank in
      Placement.Seat(hostName: "a", cores: Set(rank * 4..<rank * 4 + 4), cpuQuota: quota)
    }
    for rank in 0..<ranks { #expect(Placement(rank: rank, seats: seats).threads == threads) }
  }

  @Test func thisProcessMayRunSomewhere() throws {
    #expect(!Placement.allowedCores().isEmpty)
  }
}
