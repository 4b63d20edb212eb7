import Collectives
import Configurations
import Objectives
import Testing

@testable import Benchmarks

@Suite struct CollectiveBenchmarkTests {
  private func profile(_ change: (inout Configuration) -> Void = { _ in }) throws -> StepProfile {
    var configuration = Configuration(dataSource: "shapes")
    configuration.batch.global = 8
    configuration.batch.shard = 2
    configuration.threads = 1
    configuration.network.width = 8
    configuration.network.inputSize = 16
    configuration.objective[SimSiam.Settings.self] = .init(projector: [24, 20], predictorHidden: 6)
    change(&configuration)
    var options = CollectiveOptions()
    options.nodes = [2]
    options.link = CommunicationModel.Link(latency: 1e-5, bandwidth: 1e9)
    return try CollectiveBenchmark(configuration, options: options, communicator: .alone()).profileStep()
  }

  /// The bytes of the statistics that a step asks for, and where gradients begin that are final.
  private func events(_ profile: StepProfile) -> (statistics: [Int], gradients: [Int]) {
    (
      profile.moments.compactMap {
        if case .statistics(let bytes) = $0.event { bytes } else { nil }
      },
      profile.moments.compactMap {
        if case .gradients(let start) = $0.event { start } else { nil }
      }
    )
  }

  /// Batch norms ask for statistics once in every micro-batch, in forward and in backward; gradients are sent once.
  @Test func plansSeeMicroBatches() throws {
    let whole = events(try profile())
    let halves = events(try profile { $0.batch.micro = 4 })
    // The objective sums its loss once, whatever the micro-batches.
    #expect(halves.statistics.count == 2 * whole.statistics.count - 1)
    #expect(halves.gradients == whole.gradients && whole.gradients.last == 0)
  }

  /// What is asked for the first time forward is not asked for again.
  @Test func recomputingAsksForNothingTwice() throws {
    let (once, twice) = (events(try profile()), events(try profile { $0.memory.recompute = true }))
    #expect(twice.statistics == once.statistics && twice.gradients == once.gradients)
  }

  /// Backward ends before the update, and both inside the step.
  @Test func momentsAreInTheOrderOfTime() throws {
    let profile = try profile()
    let seconds = profile.moments.map(\.seconds) + [profile.backwardEnd, profile.seconds]
    #expect(seconds == seconds.sorted())
  }
}
