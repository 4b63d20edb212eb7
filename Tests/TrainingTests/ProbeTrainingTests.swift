import Evaluation
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite struct ProbeTrainingTests {
  /// Eight images in four turns each, in shards of four.
  private static let layout = RowLayout(images: 8, views: 1, turns: 4, shardSize: 4)

  /// What the probe becomes in a step with these features.
  private func learn(_ features: [Float], _ prepared: RunPreparation) throws -> Data {
    let dimension = features.count / Self.layout.rows
    let tensor = Tensor(rows: Self.layout.rows, columns: dimension, features)
    let result = TrainingStep.Result(
      objective: 0, views: [], projections: tensor, features: tensor, gates: [], gradientWaits: .none)
    var step = TakenStep(
      number: 1, isLast: false, isLogged: false, outcome: .init(result: result, learningRate: 0), spread: nil,
      layout: Self.layout, images: Array(0..<8), labels: { [0, 1, 2, 3, 0, 1, 2, 3] }, skipped: [],
      seconds: 0, waits: (0, 0),
      speed: Throughput(),
      totalSeconds: nil, timestamp: 0)
    var state = prepared.state
    let probe = OnlineProbe(classCount: 4, dimension: dimension)
    try ProbeTraining(probe, prepared).observe(&step, in: &state)
    return probe.encode()
  }

  /// It is tested with upright images.
  @Test func turnedViewsTeachTheProbeNothing() throws {
    try withTemporaryFolder { folder in
      let prepared = try RunTests.prepare(folder, from: .auto, settings: ["objective.name=rotnet"])
      var numbers = TestNumbers(seed: 60)
      let features = numbers.normals(Self.layout.rows * 3)
      func changed(turn: Int) -> [Float] {
        features.enumerated().map { Self.layout.place(ofRow: $0 / 3).turn == turn ? -$1 : $1 }
      }
      let expected = try learn(features, prepared)
      for turn in 1...3 { #expect(try learn(changed(turn: turn), prepared) == expected, "turn \(turn)") }
      #expect(try learn(changed(turn: 0), prepared) != expected)
    }
  }
}
