import TestSupport
import Testing

@testable import Benchmarks

@Suite struct LatencyFitTests {
  private static let channels = [8, 16, 64]
  private static let perOpenChannel = [2.5, 0, 0.75]

  /// Samples of a network that takes 100 µs and as much for each open channel as `perOpenChannel` says.
  private static func samples(_ count: Int, seed: UInt64, error: Float = 0) -> [LatencyFit.Sample] {
    var numbers = TestNumbers(seed: seed)
    return (0..<count).map { _ in
      let open = zip(channels, numbers.uniforms(channels.count)).map { Double($0) * Double($1) }
      let time = 100 + zip(perOpenChannel, open).reduce(0) { $0 + $1.0 * $1.1 }
      return .init(open: open, microseconds: time * Double(1 + error * (numbers.uniforms(1)[0] - 0.5)))
    }
  }

  @Test func aSumOverOpenChannelsIsFound() {
    let fit = LatencyFit(
      Self.samples(20, seed: 1), checkedWith: Self.samples(5, seed: 2), channels: Self.channels, dense: 250)
    #expect(abs(fit.fixed - 100) < 1e-6 && fit.dense == 250)
    for (found, expected) in zip(fit.perOpenChannel, Self.perOpenChannel) {
      #expect(abs(found - expected) < 1e-6)
    }
    #expect(fit.errors.samples == 5 && fit.errors.worst < 1e-8)
  }

  /// A channel that takes nothing is measured as less than that half of the time.
  @Test(arguments: 1...4) func noChannelTakesLessThanNothing(seed: UInt64) {
    let fit = LatencyFit(
      Self.samples(20, seed: seed, error: 0.2), checkedWith: Self.samples(5, seed: 9),
      channels: Self.channels, dense: 250)
    #expect(fit.perOpenChannel.allSatisfy { $0 >= 0 })
    #expect(fit.errors.worst > 0 && fit.errors.worst < 0.1 && fit.errors.mean <= fit.errors.worst)
  }
}
