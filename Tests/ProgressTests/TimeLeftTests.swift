import Testing

@testable import Progress

@Suite struct TimeLeftTests {
  @Test func constantSpeedIsExtrapolated() {
    var left = TimeLeft(steps: 100, evaluations: 0, checkpoints: 0, evaluationInSteps: 0)
    #expect(left.seconds() == nil)
    for _ in 1...3 { left.finish(.step, seconds: 0.5) }
    #expect(left.seconds() == nil)
    for step in 4...100 {
      left.finish(.step, seconds: 0.5)
      #expect(left.seconds() == Double(100 - step) * 0.5)
    }
  }

  /// The first step sets up kernels.
  @Test func aSlowFirstStepIsForgotten() {
    var left = TimeLeft(steps: 1000, evaluations: 0, checkpoints: 0, evaluationInSteps: 0)
    left.finish(.step, seconds: 60)
    for _ in 2...4 { left.finish(.step, seconds: 0.25) }
    #expect(left.seconds() == 249)
  }

  @Test func evaluationsAndCheckpointsCount() throws {
    // 10 s a step, an evaluation of 30 s and a checkpoint of 2 s after every tenth.
    var left = TimeLeft(steps: 100, evaluations: 11, checkpoints: 10, evaluationInSteps: 1)
    left.finish(.evaluation, seconds: 30)
    for step in 1...100 {
      left.finish(.step, seconds: 10)
      if step == 4 { #expect(left.seconds() == 1260) }  // No checkpoint was measured yet.
      guard step % 10 == 0 else { continue }
      let tens = Double(10 - step / 10)
      left.finish(.evaluation, seconds: 30)
      left.finish(.checkpoint, seconds: 2)
      #expect(left.seconds() == tens * (100 + 30 + 2))
    }
    #expect(left.seconds() == 0)
  }

  @Test func anEvaluationUnderWayCountsForWhatRemainsOfIt() {
    var left = TimeLeft(steps: 0, evaluations: 2, checkpoints: 0, evaluationInSteps: 0)
    left.finish(.evaluation, seconds: 40)
    #expect(left.seconds(evaluated: 0.75) == 10)
  }

  /// It begins with steps: until an evaluation was measured, its length is guessed from theirs.
  @Test func aResumedRunKnowsNoEvaluationYet() {
    var left = TimeLeft(steps: 20, evaluations: 2, checkpoints: 2, evaluationInSteps: 15)
    for _ in 1...10 { left.finish(.step, seconds: 2) }
    #expect(left.seconds() == 80)
    left.finish(.evaluation, seconds: 24)
    #expect(left.seconds() == 44)
  }

  /// What is slow once in ten steps is slow once in ten of those that remain.
  @Test func regularHiccupsCount() throws {
    var left = TimeLeft(steps: 2000, evaluations: 0, checkpoints: 0, evaluationInSteps: 0)
    for step in 1...1000 { left.finish(.step, seconds: step % 10 == 0 ? 5.5 : 0.5) }
    #expect(abs(try #require(left.seconds()) - 1000) < 10)
  }

  @Test func aChangeOfSpeedIsNoticed() {
    var left = TimeLeft(steps: 100_000, evaluations: 0, checkpoints: 0, evaluationInSteps: 0)
    for _ in 1...50_000 { left.finish(.step, seconds: 0.5) }
    for _ in 1...3072 { left.finish(.step, seconds: 1) }
    #expect(left.seconds() == 46_928)
  }

  @Test(arguments: [
    (10, 0, 100, 10), (10, 0, 95, 10), (10, 95, 100, 1), (10, 90, 95, 1), (10, 89, 95, 2), (0, 0, 95, 1),
    (10, 95, 95, 0), (200, 0, 95, 1), (1, 3, 7, 4),
  ])
  func occurrencesEndWithTheRun(every: Int, start: Int, end: Int, count: Int) {
    #expect(TimeLeft.occurrences(every: every, after: start, through: end) == count)
    // As the training loop decides.
    let due = (start..<end).map { $0 + 1 }.filter { $0 == end || every > 0 && $0 % every == 0 }
    #expect(due.count == count)
  }
}
