import Optimizers
import Testing

/// What the golden schedules do not single out: what is said of a schedule as a whole.
@Suite struct LearningRateScheduleTests {
  /// Against asking every step; the peak is what it is, without rounding.
  @Test(arguments: LearningRateSchedule.Unit.allCases, [0, 1, 2, 5, 9])
  func theLargestRateIsThatOfAStep(unit: LearningRateSchedule.Unit, warmupEpochs: Int) {
    for (warmupStart, final) in [(0.003, 0), (0.7, 0), (0.003, 0.9), (0.3, 0.3)] {
      let schedule = LearningRateSchedule(
        unit: unit, peak: 0.3, warmupStart: warmupStart, final: final, warmupEpochs: warmupEpochs, epochs: 5)
      for steps in 1...20 {
        let rates = (0..<steps).map { schedule.rate(step: $0, stepsPerEpoch: 4) }
        let largest = schedule.largestRate(steps: steps, stepsPerEpoch: 4)
        #expect(largest.map { abs($0 - rates.max()!) < 1e-15 } == true, "\(schedule), \(steps) steps")
        let peaks = rates.indices.filter { abs(rates[$0] - 0.3) < 1e-15 }
        let peakStep = schedule.peakStep(stepsPerEpoch: 4)
        #expect(!(0..<steps).contains(peakStep) || peaks.contains(peakStep))
      }
    }
  }

  @Test func withoutStepsThereIsNoLargestRate() {
    let schedule = LearningRateSchedule(peak: 0.3, warmupEpochs: 2, epochs: 5)
    #expect(schedule.largestRate(steps: 0, stepsPerEpoch: 4) == nil)
    #expect(schedule.largestRate(steps: 5, stepsPerEpoch: 4) == 0.3)
  }
}
