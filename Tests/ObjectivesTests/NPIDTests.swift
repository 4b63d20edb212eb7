import Foundation
import Layers
import Tensors
import TestSupport
import Testing

@testable import Objectives

@Suite struct NPIDTests {
  private static let images = [3, 17, 0, 9, 12, 5, 19, 8]
  private static let imageCount = 20
  private static let width = 5
  private static let settings = NPID.Settings(dimension: 6, noise: 11, temperature: 0.2)

  private struct Outcome: Equatable, Sendable {
    var loss: Double
    var dfeatures: [Float]
    var parameterGradients: [[Float]]
  }

  /// A step on this rank's part of the features of all images.
  private static func step(
    _ objective: NPID, _ features: [Float], epoch: Int = 0, threads: Int = 1,
    reducer: any ShardReducer = LocalShards()
  ) throws -> Outcome {
    let count = images.count / reducer.worldSize
    let own = reducer.rank * count..<(reducer.rank + 1) * count
    let pass = Pass(
      .training, rows: count, shardSize: 1, pool: .forKernels(threads: threads), reducer: reducer)
    let input = Tensor(
      rows: count, columns: width, Array(features[own.lowerBound * width..<own.upperBound * width]))
    let batch = StepBatch(
      images: input, layout: pass.layout, indices: Array(images[own]), imageCount: imageCount, seed: 4,
      epoch: epoch)
    let (loss, gradient) = try objective.lossAndGradient(
      objective.forward(input, in: pass), batch: batch, in: pass)
    let dfeatures = try objective.backward(gradient, in: pass)
    return Outcome(
      loss: loss, dfeatures: dfeatures.values,
      parameterGradients: objective.projector.parameters.map(\.gradientArray))
  }

  private static func makeObjective(_ settings: NPID.Settings = settings, seed: UInt64 = 120) -> NPID {
    var numbers = TestNumbers(seed: seed)
    let objective = NPID(settings, featureCount: width)
    for parameter in objective.projector.parameters { parameter.array = numbers.normals(parameter.count) }
    return objective
  }

  private static func features(_ seed: UInt64) -> [Float] {
    var numbers = TestNumbers(seed: seed)
    return numbers.normals(images.count * width)
  }

  /// What objectives on all ranks remember, as a checkpoint's file.
  private static func file(_ remembered: [[RememberedRows]]) throws -> SafetensorsFile {
    let entries = remembered[0].indices.map { number in
      Safetensors.Entry(
        name: remembered[0][number].name, shape: remembered[0][number].shape,
        values: remembered.flatMap { $0[number].own })
    }
    return try SafetensorsFile(Safetensors.encode(entries), path: "objective.safetensors")
  }

  private static func restore(_ objective: NPID, _ file: SafetensorsFile, rank: Int = 0, worldSize: Int = 1)
    -> Bool
  {
    objective.restore(file, imageCount: imageCount, rank: rank, worldSize: worldSize)
  }

  /// Z and the bank are constants of a step: every evaluation begins with the same.
  @Test(arguments: [0, 3.0]) func gradientsMatchFiniteDifferences(proximal: Double) throws {
    var settings = Self.settings
    settings.proximal = proximal
    let objective = Self.makeObjective(settings)
    _ = try Self.step(objective, Self.features(121))
    let memory = try Self.file([objective.remembered(by: 0)])
    func evaluate(_ features: [Float]) throws -> Outcome {
      #expect(Self.restore(objective, memory))
      return try Self.step(objective, features, epoch: 1)
    }
    let features = Self.features(122)
    let outcome = try evaluate(features)
    let error = try gradientError(outcome.dfeatures, at: features, step: 2e-3) { try evaluate($0).loss }
    #expect(error < 2e-3)
    for (number, parameter) in objective.projector.parameters.enumerated() {
      let values = parameter.array
      let error = try gradientError(outcome.parameterGradients[number], at: values, step: 2e-3) {
        parameter.array = $0
        return try evaluate(features).loss
      }
      parameter.array = values
      #expect(error < 2e-3, "\(parameter.name)")
    }
  }

  /// Contract C1, over steps: losses, gradients, the bank and Z. With so much noise that another order of addition shows.
  @Test func ranksAndThreadsChangeNoBit() throws {
    var settings = Self.settings
    settings.noise = 300
    let steps = 6
    func results(ranks: Int, threads: Int) throws -> (outcomes: [[Outcome]], memory: SafetensorsFile) {
      let parts = try ThreadRanks(ranks).run { [settings] rank -> ([Outcome], [RememberedRows]) in
        let objective = Self.makeObjective(settings)
        let outcomes = try (0..<steps).map {
          try Self.step(
            objective, Self.features(130 + UInt64($0)), epoch: $0, threads: threads, reducer: rank)
        }
        return (outcomes, objective.remembered(by: rank.rank))
      }
      return (parts.map(\.0), try Self.file(parts.map(\.1)))
    }
    let (reference, memory) = try results(ranks: 1, threads: 1)
    #expect(Set(reference[0].map(\.loss)).count == steps)
    for (ranks, threads) in [(1, 2), (2, 1), (4, 1), (2, 2)] {
      let (found, other) = try results(ranks: ranks, threads: threads)
      for step in 0..<steps {
        #expect(found.allSatisfy { $0[step].loss == reference[0][step].loss }, "\(ranks) ranks, step \(step)")
        #expect(
          found.flatMap { $0[step].dfeatures } == reference[0][step].dfeatures, "\(ranks) ranks, step \(step)"
        )
      }
      #expect(other.digest == memory.digest, "\(ranks) ranks, \(threads) threads")
    }
  }

  /// Whatever the ranks before and after.
  @Test func aRestoredObjectiveGoesOnAsIfNothingHadHappened() throws {
    let objective = Self.makeObjective()
    #expect(objective.remembered(by: 0).isEmpty, "nothing before the first step")
    _ = try Self.step(objective, Self.features(140))
    let memory = try Self.file([objective.remembered(by: 0)])
    let expected = try Self.step(objective, Self.features(141), epoch: 1)
    let parts = try ThreadRanks(2).run { rank in
      let other = Self.makeObjective()
      #expect(Self.restore(other, memory, rank: rank.rank, worldSize: 2))
      return try Self.step(other, Self.features(141), epoch: 1, reducer: rank)
    }
    #expect(parts.flatMap(\.dfeatures) == expected.dfeatures && parts[1].loss == expected.loss)
    let fresh = try Self.step(Self.makeObjective(), Self.features(141), epoch: 1)
    #expect(fresh.loss != expected.loss)
  }

  @Test func onlyAMemoryOfSuchImagesIsTakenOver() throws {
    let objective = Self.makeObjective()
    _ = try Self.step(objective, Self.features(142))
    let memory = try Self.file([objective.remembered(by: 0)])
    #expect(!objective.restore(memory, imageCount: Self.imageCount + 1, rank: 0, worldSize: 1))
    #expect(!Self.restore(Self.makeObjective(.init(dimension: 7)), memory))
  }

  /// The rows of the batch's images, and no others, turn towards what they look like now; Z stays.
  @Test func aStepMovesTheRowsOfItsImages() throws {
    let objective = Self.makeObjective()
    _ = try Self.step(objective, Self.features(143))
    let before = objective.remembered(by: 0)
    _ = try Self.step(objective, Self.features(144), epoch: 1)
    let after = objective.remembered(by: 0)
    #expect(before.map(\.name) == ["memory_bank", "normalizer"] && after[1].own == before[1].own)
    let d = Self.settings.dimension
    for image in 0..<Self.imageCount {
      let moved = before[0].own[image * d..<(image + 1) * d] != after[0].own[image * d..<(image + 1) * d]
      #expect(moved == Self.images.contains(image), "image \(image)")
    }
  }

  /// Noise is another one in another epoch and for another seed.
  @Test func noiseDependsOnTheEpoch() throws {
    let objective = Self.makeObjective()
    _ = try Self.step(objective, Self.features(145))
    let memory = try Self.file([objective.remembered(by: 0)])
    let losses = try [1, 1, 2].map { epoch in
      #expect(Self.restore(objective, memory))
      return try Self.step(objective, Self.features(145), epoch: epoch).loss
    }
    #expect(losses[0] == losses[1] && losses[0] != losses[2])
  }

  @Test func thereIsNoMoreNoiseThanImages() {
    let settings = NPID.Settings(noise: 50)
    #expect(settings.conflict(imageCount: 50) == nil)
    #expect(
      settings.conflict(imageCount: 49)
        == "objective.npid.noise is 50, the data set has 49 images: use 49 at most")
  }
}
