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
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder, objective: objective)
        let output = try Program.run(
          small.command("threads=\(arrangement.threads)"), ranks: arrangement.ranks)
        try #require(output.status == 0, "\(output)")
        expectEqual(
          try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(objective))
        let metrics = try small.metrics()
        #expect(metrics == (try SmallRun.uninterruptedMetrics(objective)))
        #expect(
          metrics.count { $0["effective_rank"] is Double && $0["embedding_std"] is Double } == SmallRun.steps)
      }
    }

    /// Contract C9: nor do the instructions that convolutions and products use: AVX2's where the processor has AVX-512,
    /// else code for any processor, which takes much longer.
    @Test(arguments: SmallRun.Objective.allCases) func instructionSetsWriteTheSameCheckpoint(
      _ objective: SmallRun.Objective
    ) throws {
      let set = InstructionSet.best == .avx512 ? InstructionSet.avx2 : .baseline
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder, objective: objective)
        let output = try Program.run(small.command(), environment: [InstructionSet.variable: set.rawValue])
        try #require(output.status == 0, "\(output)")
        expectEqual(
          try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(objective))
        #expect(try small.metrics() == SmallRun.uninterruptedMetrics(objective))
      }
    }

    /// The same in one job: blocks of channels differ in size, and here the last ones are not full.
    @Test(arguments: SmallRun.Objective.allCases) func ranksOnUnlikeProcessorsWriteTheSameCheckpoint(
      _ objective: SmallRun.Objective
    ) throws {
      let set = InstructionSet.best == .avx512 ? InstructionSet.avx2 : .baseline
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder, objective: objective)
        let output = try Program.run(
          small.command("audit.every=\(objective.description == "npid" ? 0 : 5)"), ranks: 2,
          after: "((OMPI_COMM_WORLD_RANK == 0)) || export \(InstructionSet.variable)=\(set)")
        try #require(output.status == 0, "\(output)")
        expectEqual(
          try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(objective))
        #expect(try small.metrics() == SmallRun.uninterruptedMetrics(objective))
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
