import GoldenCases
import Layers
import Tensors
import TestSupport
import Testing

@testable import Objectives

/// NPID's loss, its gradient, Z and the memory bank after the step, on one rank and on several.
@Suite struct GoldenNPIDTests {
  @Test(arguments: GoldenCase.all(.npid)) func goldenSteps(_ golden: GoldenCase) throws {
    let file = try golden.tensors("npid")
    let scalars = try Golden.json(golden.path("npid.json"))
    var comparisons: [Comparison] = []
    for key in scalars.keys.sorted() where key.hasSuffix(".loss") {
      let one = try NPIDCase(String(key.dropLast(".loss".count)), file, scalars)
      for ranks in [1, 2, 4] where one.index.count % ranks == 0 {
        comparisons += try one.compare(ranks: ranks)
      }
    }
    expectAll(comparisons, golden)
  }
}

private struct NPIDCase: Sendable {
  let name: String
  let dimension: Int
  let bank, features: [Float]
  let index, noise: [Int]
  let temperature, weight, momentum: Double
  /// Z where an earlier batch decided it.
  let givenNormalizer: Double?
  private let expected: [String: Double]
  private let file: SafetensorsFile

  private var noiseCount: Int { noise.count / index.count }

  init(_ name: String, _ file: SafetensorsFile, _ scalars: [String: Any]) throws {
    func number(_ key: String) throws -> Double {
      try #require(scalars["\(name).\(key)"] as? Double, "\(key)")
    }
    self.name = name
    self.file = file
    dimension = try #require(file.shape(of: "\(name).bank"))[1]
    bank = try file.floats("\(name).bank")
    features = try file.floats("\(name).features")
    index = try file.int32s("\(name).index").map(Int.init)
    noise = try file.int32s("\(name).noise").map(Int.init)
    temperature = try number("temperature")
    weight = try number("lambda")
    momentum = try number("momentum")
    givenNormalizer = scalars["\(name).z_given"] as? Bool == true ? try number("z") : nil
    expected = try ["loss", "nce", "proximal", "z"].reduce(into: [:]) { $0[$1] = try number($1) }
  }

  private struct Step: Sendable {
    let loss, contrast, distance, normalizer: Double
    let dfeatures, bank: [Float]
  }

  func compare(ranks: Int) throws -> [Comparison] {
    let steps = try ThreadRanks(ranks).run { try step(on: $0) }
    return try steps.enumerated().flatMap { rank, step in
      try [("loss", step.loss), ("nce", step.contrast), ("proximal", step.distance), ("z", step.normalizer)]
        .map {
          try scalar("\($0.0) on rank \(rank) of \(ranks)", $0.1, #require(expected[$0.0]))
        }
    }
      + [
        .tensor(
          "\(name).dfeatures, \(ranks) ranks", steps.flatMap(\.dfeatures),
          file.floats("\(name).dfeatures"),
          relativeToLargest: 1e-5),
        .tensor(
          "\(name).bank_after, \(ranks) ranks", steps.flatMap(\.bank), file.floats("\(name).bank_after"),
          relativeToLargest: 1e-6),
      ]
  }

  private func scalar(_ what: String, _ found: Double, _ expected: Double) -> Comparison {
    .scalar("\(name).\(what)", found, expected, relative: 1e-5)
  }

  /// A step of one rank, which holds a run of the batch.
  private func step(on reducer: any ShardReducer) throws -> Step {
    let rows = index.count / reducer.worldSize
    let first = reducer.rank * rows
    let pass = Pass(.training, rows: rows, shardSize: 1, pool: .forKernels(threads: 1), reducer: reducer)
    let x = Tensor(
      rows: rows, columns: dimension, Array(features[first * dimension..<(first + rows) * dimension]))
    let own = try UnitRows(x, in: pass)
    let memory = MemoryBank(bank, dimension: dimension, rank: reducer.rank, worldSize: reducer.worldSize)
    let units = try reducer.gather(own.units)
    func contrast(_ weight: Double) -> NoiseContrast {
      NoiseContrast(
        temperature: temperature, proximal: weight, bank: memory, images: index, units: units
      ) { Array(noise[$0 * noiseCount..<($0 + 1) * noiseCount]) }
    }
    let normalizer = try givenNormalizer ?? contrast(0).normalizer(noiseCount: noiseCount, in: pass)
    func loss(_ weight: Double) throws -> (loss: Double, dx: Tensor) {
      try contrast(weight).lossAndGradient(own, normalizer: normalizer, noiseCount: noiseCount, in: pass)
    }
    let (total, dx) = try loss(weight)
    let (contrastAlone, withDistance) = (try loss(0).loss, try loss(1).loss)
    for (row, image) in index.enumerated() {
      memory.move(image, towards: units.row(row), momentum: momentum)
    }
    return Step(
      loss: total, contrast: contrastAlone, distance: withDistance - contrastAlone, normalizer: normalizer,
      dfeatures: dx.values, bank: memory.ownRows)
  }
}
