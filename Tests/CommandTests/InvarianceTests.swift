import Foundation
import Layers
import TestSupport
import Testing

extension CommandLineTests {
  /// Contract C1: neither ranks nor threads change a bit of what training writes: checkpoint and metrics.
  @Suite struct Invariance {
    @Test(arguments: SmallRun.Objective.allCases, [(1, 2), (2, 2), (4, 1)])
    func ranksAndThreadsWriteTheSameCheckpoint(
      _ objective: SmallRun.Objective, _ arrangement: (ranks: Int, threads: Int)
    ) throws {
      let metrics = try expectUninterrupted(objective) {
        try Program.run($0.command("threads=\(arrangement.threads)"), ranks: arrangement.ranks)
      }
      #expect(
        metrics.count { $0["effective_rank"] is Double && $0["embedding_std"] is Double } == SmallRun.steps)
    }

    /// Contract C9: nor do the instructions that convolutions and products use: AVX2's where the processor has AVX-512,
    /// else code for any processor, which takes much longer.
    @Test(arguments: SmallRun.Objective.allCases) func instructionSetsWriteTheSameCheckpoint(
      _ objective: SmallRun.Objective
    ) throws {
      try expectUninterrupted(objective) {
        try Program.run($0.command(), environment: [InstructionSet.variable: Self.otherSet.rawValue])
      }
    }

    /// The same in one job: blocks of channels differ in size, and here the last ones are not full.
    @Test(arguments: SmallRun.Objective.allCases) func ranksOnUnlikeProcessorsWriteTheSameCheckpoint(
      _ objective: SmallRun.Objective
    ) throws {
      try expectUninterrupted(objective) {
        try Program.run(
          $0.command("audit.every=\(objective.description == "npid" ? 0 : 5)"), ranks: 2,
          after:
            "((OMPI_COMM_WORLD_RANK == 0)) || export \(InstructionSet.variable)=\(Self.otherSet.rawValue)")
      }
    }

    private static let otherSet = InstructionSet.best == .avx512 ? InstructionSet.avx2 : .baseline

    /// Expects a training to write the checkpoint and metrics of the one that nothing interrupted, on one rank and thread.
    ///
    /// - Returns: The metrics.
    @discardableResult private func expectUninterrupted(
      _ objective: SmallRun.Objective, _ train: (SmallRun) throws -> Program.Output
    ) throws -> [NSDictionary] {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder, objective: objective)
        let output = try train(small)
        try #require(output.status == 0, "\(output)")
        expectEqual(
          try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(objective))
        let metrics = try small.metrics()
        #expect(metrics == (try SmallRun.uninterruptedMetrics(objective)))
        return metrics
      }
    }

    @Test(arguments: [1, 2]) func anUnknownInstructionSetIsOneSentence(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(
          small.command(), ranks: ranks, environment: [InstructionSet.variable: "avx3"])
        let known = InstructionSet.allCases.filter(\.isAvailable).map(\.rawValue).joined(separator: ", ")
        #expect(output.status == 1)
        #expect(
          output.lines == ["sluice: SLUICE_MAX_ISA is 'avx3', which must be one of \(known), or unset"])
      }
    }

    /// What the comparison is worth: another seed changes model, optimizer, state and so the manifest.
    @Test func anotherSeedWritesAnotherCheckpoint() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(small.command("seed=1"))
        try #require(output.status == 0, "\(output)")
        let reference = try SmallRun.uninterrupted(.simclr)
        for (name, bytes) in try contents(of: small.checkpoint(SmallRun.steps)) {
          #expect(bytes != reference[name], "\(name)")
        }
      }
    }
  }
}
