@testable import Configurations
import Objectives
import Testing

@testable import Studies

/// What a study of pruning consists of.
@Suite struct PruneStudyPlanTests {
  private static func plan(
    sources: [MaskSource] = [.labels, .training(.rotnet), .random], rounds: [Int] = [4, 0],
    seeds: [UInt64] = [7]
  ) throws -> PruneStudyPlan {
    PruneStudyPlan(
      folder: "d", sources: sources, rounds: rounds, seeds: seeds,
      schedules: [.configured, try #require(TrainingSchedule("epochs=9,optimizer.learning_rate=0.1"))],
      transfer: "cifar100:e", PruningSettings())
  }

  @Test func aChainHasEverythingThatNeedsNoOther() throws {
    let chains = try Self.plan().chains
    #expect(chains.map(\.index) == [0, 1])
    #expect(chains.map(\.objective) == [.supervised, .rotnet])
    #expect(chains.map(\.pruning.folder) == ["d/labels/seed-7", "d/rotnet/seed-7"])
    #expect(chains[0].pruning.rounds.map(\.number) == [0, 1, 2, 3, 4])
    #expect(
      chains[0].subnetworks.map(\.folder.path) == [
        "d/labels/seed-7/retrained/configured/00", "d/labels/seed-7/retrained/configured/04",
        "d/labels/seed-7/retrained/epochs=9,optimizer.learning_rate=0.1/00",
        "d/labels/seed-7/retrained/epochs=9,optimizer.learning_rate=0.1/04",
        "d/random/seed-7/retrained/configured/04",
        "d/random/seed-7/retrained/epochs=9,optimizer.learning_rate=0.1/04",
      ], "random masks keep as many weights as those of labels, and all do before the first round")
    #expect(chains[1].subnetworks.allSatisfy { $0.source == .training(.rotnet) })
    #expect(chains[0].subnetworks[5].mask == "d/random/seed-7/rounds/04/mask.safetensors")
  }

  @Test func retrainingKnowsNothingOfEarlierClassifiers() throws {
    let pruning = try Self.plan().chains[0].pruning
    let whole = pruning.retraining(after: pruning.rounds[0])
    let pruned = pruning.retraining(after: pruning.rounds[4])
    for start in [whole, pruned] {
      #expect(start.rewindingPoint == "d/labels/seed-7/rounds/00/rewind.safetensors")
      #expect(start.beginsAnew && start.redraw == 1)
    }
    #expect(whole.mask == nil && pruned.mask == "d/labels/seed-7/rounds/04/mask.safetensors")
  }

  @Test func everySeedHasItsChains() throws {
    let plan = try Self.plan(seeds: [1, 2])
    #expect(
      plan.chains.map(\.pruning.folder) == [
        "d/labels/seed-1", "d/rotnet/seed-1", "d/labels/seed-2", "d/rotnet/seed-2",
      ])
    let jobs = ArrayJobs(plan, arguments: ["prune-study", "c.yaml"])
    #expect(
      jobs.text.split(separator: "\n").last == "# sbatch --array=0-3 scripts/sluice.sbatch prune-study c.yaml"
    )
    #expect(jobs.json["jobs"]?.elements?[2]["source"]?.string == "labels")
  }

  @Test func moreRoundsGoOnInTheSameFolders() throws {
    let (few, many) = (try Self.plan(rounds: [0, 2]), try Self.plan(rounds: [0, 2, 6]))
    #expect(many.chains[0].pruning.rounds.starts(with: few.chains[0].pruning.rounds))
    #expect(many.chains[0].subnetworks.contains(few.chains[0].subnetworks[1]))
  }

  @Test func featuresAreKeptByTheNameOfTheirData() throws {
    let plan = try Self.plan()
    #expect(plan.transferFile(plan.chains[1], round: 4) == "d/rotnet/seed-7/transfer/cifar100-04.json")
  }

  @Test(arguments: ["optimizer.learning_rate", "seed=1", "data.source=a", "epochs=1/2", "", "epochs=1,"])
  func aScheduleSaysHowLongAndAtWhichRate(text: String) { #expect(TrainingSchedule(text) == nil) }

  @Test func sourcesHaveTheNamesOfTheirObjectives() {
    #expect(
      MaskSource.all.map(\.description) == [
        "labels", "simsiam", "simclr", "rotnet", "npid", "random", "reinitialized",
      ])
    #expect(MaskSource("supervised") == nil && MaskSource("npid") == .training(.npid))
  }
}
