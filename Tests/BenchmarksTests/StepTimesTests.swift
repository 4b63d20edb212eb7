import Layers
import Testing
import Training

@testable import Benchmarks
@testable import Collectives

@Suite struct StepTimesTests {
  /// Steps of so many milliseconds, a tenth of each in the gate and half in the convolution's forward pass.
  private func times(_ milliseconds: [Double]) -> StepTimes {
    StepTimes(
      milliseconds.map {
        let seconds = $0 / 1000
        return StepTimes.Step(
          seconds: seconds, parts: [.gate: 0.1 * seconds, .convolutionForward: 0.5 * seconds],
          gradients: GradientWaits(exposedSeconds: 0.01 * seconds, totalSeconds: 0.2 * seconds))
      })
  }

  @Test(
    arguments: [
      ([5], 5), ([9, 3, 4], 4), ([8, 2, 4, 6], 5), ([100, 1, 2, 3, 90], 3),
    ] as [([Double], Double)])
  func partsOfTheMiddleAddUpToTheMedian(milliseconds: [Double], median: Double) throws {
    let times = times(milliseconds)
    #expect(abs(1000 * times.median - median) < 1e-9)
    #expect(abs(times.breakdown.reduce(0) { $0 + $1.seconds } - times.median) < 1e-12)
    let parts = Dictionary(uniqueKeysWithValues: times.breakdown.map { ($0.name, 1000 * $0.seconds) })
    #expect(abs(try #require(parts["gate"]) - 0.1 * median) < 1e-9)
    #expect(abs(try #require(parts["convolution_forward"]) - 0.5 * median) < 1e-9)
    #expect(abs(try #require(parts["other"]) - 0.4 * median) < 1e-9)
    #expect(parts["data"] == 0)
    #expect(abs(1000 * times.gradientsExposed - 0.01 * median) < 1e-9)
    #expect(abs(1000 * times.gradientsTotal - 0.2 * median) < 1e-9)
  }

  @Test func spreadIsFromTheShortestToTheLongest() {
    let times = times([7, 2, 5])
    #expect(times.shortest == 0.002 && times.longest == 0.007)
  }

  /// Every part has a place, the rest comes last.
  @Test func breakdownNamesEveryPart() {
    #expect(times([1]).breakdown.map(\.name) == StepClock.Part.ofStep.map(\.name) + ["other"])
  }
}
