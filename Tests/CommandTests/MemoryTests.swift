import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// Less memory for more time.
  @Suite struct Memory {
    /// Recomputing changes no bit, so that a run may begin without it and go on with it.
    @Test(arguments: SmallRun.Objective.allCases)
    func recomputingWritesTheSameCheckpoint(_ objective: SmallRun.Objective) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder, objective: objective)
        let first = try Program.run(small.command("max_steps=3"))
        try #require(first.status == 0, "\(first)")
        let second = try Program.run(small.command("memory.recompute=true"), ranks: 2)
        try #require(second.status == 0, "\(second)")
        expectEqual(
          try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(objective))
      }
    }

    /// Micro-batches make another run, which is the same on any ranks, also when it goes on; one cannot go on with
    /// the other.
    @Test(arguments: SmallRun.Objective.allCases)
    func microBatchesAreAnotherRunOnAnyRanks(_ objective: SmallRun.Objective) throws {
      try withTemporaryFolder { folder in
        let micro = "batch.micro=16"
        let alone = try SmallRun(in: folder.appendingPathComponent("alone"), objective: objective)
        let output = try Program.run(alone.command(micro))
        try #require(output.status == 0, "\(output)")
        let checkpoint = try contents(of: alone.checkpoint(SmallRun.steps))
        let whole = try SmallRun.uninterrupted(objective)
        #expect(checkpoint["model.safetensors"] != whole["model.safetensors"])

        let shared = try SmallRun(in: folder.appendingPathComponent("shared"), objective: objective)
        let begun = try Program.run(shared.command(micro, "max_steps=5", "memory.recompute=true"), ranks: 4)
        try #require(begun.status == 0, "\(begun)")
        let refused = try Program.run(shared.command())
        #expect(refused.status == 1 && refused.lines.count == 1, "\(refused)")
        #expect(refused.lines.first?.contains("batch.micro") == true, "\(refused)")
        let ended = try Program.run(shared.command(micro), ranks: 2)
        try #require(ended.status == 0, "\(ended)")
        expectEqual(try contents(of: shared.checkpoint(SmallRun.steps)), checkpoint)
      }
    }

    @Test func microBatchesThatDoNotFitAreRefused() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(small.command("batch.micro=12"))
        #expect(output.status == 1)
        #expect(
          output.lines == [
            "sluice: batch.micro 12 does not divide batch.global 32 into whole shards of batch.shard 4 "
              + "for each of 1 rank: use batch.micro 8 or batch.micro 16"
          ])
      }
    }

    /// `ulimit -v` in KiB, which stands in for what batch systems set.
    private func run(_ arguments: [String], ranks: Int = 1, addresses: Int) throws -> Program.Output {
      try Job(arguments, ranks: ranks, after: "ulimit -v \(addresses)").wait()
    }

    /// OpenBLAS begins with one thread, and buffers come in small portions: neither changes a bit.
    @Test(arguments: [1, 2]) func limitedAddressesThatSufficeChangeNothing(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try run(small.command(), ranks: ranks, addresses: 1_000_000)
        try #require(output.status == 0, "\(output)")
        expectEqual(
          try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(.simclr))
      }
    }

    @Test(arguments: [1, 2]) func tooFewAddressesForThreadsAreNamedBeforeDataIsOpened(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try run(
          small.command("threads=8", "data.source=\(folder.path)/none"), ranks: ranks, addresses: 1_000_000)
        #expect(output.status == 1)
        let sentences = output.lines.filter { $0.hasPrefix("sluice: ") }
        #expect(sentences.count == 1, "\(output)")
        let words = [
          "the address space is limited to 1.0 GB (ulimit -v; h_vmem or vmem in batch systems)",
          "with 8 threads: raise the limit, or use fewer threads (--set threads=1)",
        ]
        for words in words { #expect(sentences.first?.contains(words) == true, "\(output)") }
      }
    }

    /// From a program that cannot be loaded to one that has what it needs: no limit makes it hang or crash, OpenBLAS's
    /// beginning, which would ask for ever, included.
    @Test(arguments: [["--help"], ["macs"], ["doctor"], ["pretrain"]])
    func everyLimitEndsInASentence(_ command: [String]) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let arguments =
          switch command[0] {
          case "macs": ["macs", small.configuration.path]
          case "doctor": ["doctor", "--run", folder.path]
          case "pretrain": small.command("max_steps=1")
          default: command
          }
        var statuses: [Int32] = []
        for limit in stride(from: 100_000, through: 800_000, by: 50_000) {
          let output = try run(arguments, addresses: limit)
          statuses.append(output.status)
          switch output.status {
          case 0: break
          case 1: #expect(output.lines.count { $0.hasPrefix("sluice: ") } == 1, "\(limit): \(output)")
          case 127: #expect(output.errors.contains("error while loading shared libraries"), "\(limit)")
          default: Issue.record("\(limit): \(output)")
          }
        }
        #expect(statuses.contains(1) && statuses.last == 0, "\(statuses)")
      }
    }

    @Test func ranksWithoutAddressesForMPISayItOnce() throws {
      let output = try run(["doctor"], ranks: 2, addresses: 280_000)
      #expect(output.status == 1)
      let sentences = output.lines.filter { $0.hasPrefix("sluice: the program alone needs ") }
      #expect(sentences.count == 1, "\(output)")
    }

    /// A plan may be for another machine.
    @Test func aRunThatCannotFitIsRefusedAndStillPlanned() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let command = small.command("data.source=shapes:2000x32", "batch.global=1984")
        let words = "the address space is limited to 1.0 GB (ulimit -v; h_vmem or vmem in batch systems) on "
        let refused = try run(command, addresses: 1_000_000)
        #expect(refused.status == 1)
        #expect(refused.lines.filter { $0.hasPrefix("sluice: \(words)") }.count == 1, "\(refused)")
        #expect(!FileManager.default.fileExists(atPath: small.run.path))
        let planned = try run(command + ["--dry-run"], addresses: 1_000_000)
        #expect(planned.status == 0 && planned.result.contains("\nmemory "))
        #expect(planned.warnings.filter { $0.hasPrefix("warning: \(words)") }.count == 1, "\(planned)")
      }
    }

    /// The network itself takes more than there is.
    @Test func aNetworkThatCannotBeMadeIsRefused() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try run(
          small.command("objective.simclr.projector=[65536, 65536]"), addresses: 4_000_000)
        #expect(output.status == 1)
        let sentences = output.lines.filter {
          $0.hasPrefix("sluice: out of memory: tensors need 17.2 GB more")
        }
        #expect(sentences.count == 1, "\(output)")
      }
    }
  }
}
