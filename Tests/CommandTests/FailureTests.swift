import Foundation
import Tensors
import TestSupport
import Testing

extension CommandLineTests {
  /// Contract C5: what goes wrong on the way ends the job within seconds.
  @Suite struct Failures {
    /// A rate so large that the network's values overflow in the second step.
    @Test(arguments: [1, 2]) func aLossThatIsNotFiniteNamesStepLayerAndCheckpoint(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(
          small.command("optimizer.learning_rate=1e30", "schedule.warmup_epochs=0", "checkpoint.every=1"),
          ranks: ranks)
        #expect(output.status == 1)
        let sentences = output.lines.filter { $0.hasPrefix("sluice: ") }
        // The same step and layer on any number of ranks.
        #expect(
          sentences == [
            "sluice: step 2: a non-finite value first appeared at 'layer1.0.gate.1'; "
              + "the last good checkpoint is \(small.checkpoint(1).path); "
              + "a lower optimizer.learning_rate usually helps"
          ])
        #expect(!small.hasCheckpoint(2))
        let model = try SafetensorsFile(contentsOf: small.checkpoint(1).path + "/model.safetensors")
        for name in model.names { #expect(try model.floats(name).allSatisfy(\.isFinite), "\(name)") }
      }
    }

    /// A rate that the update itself does not survive: there is nothing good to save.
    @Test(arguments: [1, 2]) func anUpdateThatIsNotFiniteIsNotSaved(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(
          small.command("optimizer.learning_rate=1e300", "schedule.warmup_epochs=0", "checkpoint.every=1"),
          ranks: ranks)
        #expect(output.status == 1)
        #expect(
          output.lines.filter { $0.hasPrefix("sluice: ") } == [
            "sluice: step 1: a non-finite value first appeared at 'conv1.weight'; "
              + "no checkpoint has been written yet; a lower optimizer.learning_rate usually helps"
          ])
        #expect(!small.hasCheckpoint(1))
      }
    }

    @Test(arguments: [0, 1]) func aRankThatDiesTakesTheJobDown(victim: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let hold = try Hold(beforeStep: 3, in: folder)
        defer { hold.release() }
        let job = try Job(small.command("max_steps=none"), ranks: 2, environment: hold.environment)
        try job.wait { hold.isReached }
        let ranks = job.ranks
        try #require(ranks.count == 2)
        kill(ranks[victim], SIGKILL)
        // It is over by itself: nobody releases the hold, and patience (124) has not ended it.
        let output = try job.wait()
        #expect(output.status != 0 && output.status != 124, "\(output)")
        #expect(job.ranks.isEmpty)
      }
    }

    /// As in a library: Swift would look for names for minutes, MPI would print addresses.
    @Test(arguments: [1, 2]) func aFaultOfARankIsOneSentence(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let hold = try Hold(beforeStep: 3, in: folder)
        defer { hold.release() }
        let job = try Job(small.command("max_steps=none"), ranks: ranks, environment: hold.environment)
        try job.wait { hold.isReached }
        kill(try #require(job.ranks.last), SIGSEGV)
        let output = try job.wait()
        #expect(output.status != 0 && output.status != 124, "\(output)")
        #expect(job.ranks.isEmpty)
        let sentences = output.lines.filter { $0.hasPrefix("sluice: ") }
        #expect(
          sentences.count == 1
            && sentences[0].contains(
              #/^sluice: (rank \d on \S+: )?signal 11 \(SIGSEGV\) ended this process, which is a fault of /#),
          "\(output)")
        #expect(!output.errors.contains("Backtrac") && !output.errors.contains("Process received signal"))
      }
    }
  }
}
