import Foundation
import Testing

@testable import Diagnosis
@testable import Machine
@testable import Provenance

@Suite struct SessionTests {
  private func session(
    ranks: Int = 2, fromStep: Int = 0, shards: Int = 8, hosts: [String] = ["node01"],
    _ change: (inout Environment) -> Void = { _ in }
  ) -> Session {
    let environments = (0..<ranks).map {
      FakeMachine.container.environment(rank: $0, host: hosts[$0 * hosts.count / ranks], change)
    }
    return Session(
      environments, fromStep: fromStep, dataSource: "shapes",
      kernels: environments[0].onednn.winograd == true ? "winograd" : "direct", shards: shards)
  }

  @Test func readsInOneLine() {
    #expect(
      session().line == "sluice 0.1.0 (645085b), 2 ranks × 2 threads on node01, Open MPI 4.1.4, "
        + "Winograd convolutions on AVX-512, OpenBLAS 0.3.21")
    #expect(session(ranks: 1) { $0.onednn.winograd = false }.line.contains("1 rank × 2 threads"))
    #expect(session { $0.onednn.winograd = false }.line.contains("direct convolutions on AVX-512"))
    #expect(session(ranks: 4, hosts: ["a", "b", "c", "d"]).line.contains("on 4 hosts"))
  }

  @Test func knowsWhichRanksSitWhere() {
    let hosts = session(ranks: 4, hosts: ["a", "b"]).hosts
    #expect(hosts.map(\.host) == ["a", "b"])
    #expect(hosts.map(\.ranks) == ["0-1", "2-3"])
    #expect(hosts.map(\.affinity) == [["0-7"], ["0-7"]])
  }

  @Test func nothingChangesByItself() {
    #expect(session(fromStep: 7).changes(since: session()) == [])
    // One rank without a launcher has no MPI running.
    #expect(session { $0.mpi.threadLevel = nil }.changes(since: session()) == [])
  }

  @Test func whatDecidesBitsIsTold() {
    let changes: [(String, (inout Environment) -> Void)] = [
      ("C library", { $0.system.cLibrary = "glibc 2.39" }), ("Sluice", { $0.sluice.commit = "bbdec0d7" }),
    ]
    for (name, change) in changes {
      let found = session(change).changes(since: session())
      #expect(found.map(\.what) == [name])
      #expect(found.map(\.decidesBits) == [true])
    }
    let direct = session { $0.onednn.winograd = false }.changes(since: session())
    #expect(direct.filter(\.decidesBits).map(\.what) == ["kernels"])
    let old = session { $0.cpu.instructionSet = "baseline" }.changes(since: session())
    #expect(old.filter(\.decidesBits).map(\.what) == ["multiply-adds"])
  }

  @Test func whatDoesNotIsToldApart() {
    let changes: [(inout Environment) -> Void] = [
      { $0.mpi.library = "MPICH 4.0" }, { $0.host = "node02" }, { $0.threads.count = 1 },
      { $0.onednn.version = "2.7.0" }, { $0.blas.core = "Zen" }, { $0.cpu.instructionSet = "avx2" },
    ]
    for change in changes {
      let found = session(change).changes(since: session())
      #expect(found.count == 1 && found.allSatisfy { !$0.decidesBits }, "\(found)")
    }
  }

  @Test func theDigestOfTheDataIsKept() throws {
    var history = SessionHistory()
    var one = session()
    one.dataDigest = "abc"
    try history.append(one)
    #expect(try SessionHistory(history.data()).last(before: 1) == one)
    // Older files have none.
    var old = SessionHistory()
    try old.append(session())
    let text = String(decoding: try old.data(), as: UTF8.self)
    #expect(!text.contains("data_digest"))
    #expect(try SessionHistory(Data(text.utf8)).last(before: 1)?.dataDigest == nil)
  }

  /// Contract C1: runs of a power of two of the shards give one rank's bits, others their own.
  @Test(arguments: [
    (8, 2, 4, false), (8, 1, 8, false), (12, 1, 4, true), (12, 3, 1, false), (24, 2, 4, true),
  ])
  func ranksDecideBitsUnlessTheirShardsAreSubtrees(shards: Int, before: Int, now: Int, decides: Bool) {
    let found = session(ranks: now, shards: shards).changes(since: session(ranks: before, shards: shards))
    #expect(found.map(\.what) == ["ranks"])
    #expect(found.first?.decidesBits == decides)
  }

  @Test func unlikeRanksDecideBits() {
    var mixed = session()
    mixed.disagreements = Disagreement.all([
      FakeMachine.container.environment(),
      FakeMachine.container.environment { $0.system.cLibrary = "glibc 2.39" },
    ])
    #expect(mixed.changes(since: session()).map(\.decidesBits) == [true])
  }

  @Test func aHistoryHoldsWhatTheResultWentOnFrom() throws {
    var history = SessionHistory()
    for step in [0, 10, 20] { try history.append(session(fromStep: step)) }
    history = try SessionHistory(history.data())
    // Killed after step 20 without a checkpoint, and resumed from the one before.
    #expect(history.last(before: 20) == session(fromStep: 10, startedAs: history.last(before: 20)))
    try history.append(session(fromStep: 10))
    let text = String(decoding: try history.data(), as: UTF8.self)
    #expect(text.components(separatedBy: "from_step").count == 3)
    #expect(history.last(before: 100)?.fromStep == 10)
    #expect(history.last(before: 10)?.fromStep == 0)
    #expect(history.last(before: 0) == nil)
  }

  /// Numbers that no session has.
  @Test(arguments: [(ranks: 0, shards: 8), (-1, 8), (1, .max)]) func impossibleSessionsAreNotRead(
    ranks: Int, shards: Int
  ) throws {
    var impossible = session()
    (impossible.ranks, impossible.shards) = (ranks, shards)
    var history = SessionHistory()
    try history.append(impossible)
    #expect(history.readable == [] && history.last(before: .max) == nil)
  }

  @Test func whatAnotherVersionWroteIsKept() throws {
    let text = #"{"sessions": [{"from_step": 0, "colour": "blue"}]}"#
    var history = try SessionHistory(Data(text.utf8))
    #expect(history.last(before: 5) == nil)
    try history.append(session(fromStep: 5))
    #expect(String(decoding: try history.data(), as: UTF8.self).contains("blue"))
  }

  @Test(arguments: ["", "{", "[]", "7", #"{"sessions": 7}"#]) func aDamagedHistoryIsAnError(text: String) {
    #expect(throws: DecodingError.self) { try SessionHistory(Data(text.utf8)) }
  }

  /// A session as another that was read back, which differs in the second it was made.
  private func session(fromStep: Int, startedAs other: Session?) -> Session {
    var session = session(fromStep: fromStep)
    session.startedAt = other?.startedAt ?? ""
    return session
  }
}
