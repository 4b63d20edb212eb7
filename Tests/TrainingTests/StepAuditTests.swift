import Collectives
import Configurations
import Datasets
import Layers
import Networks
import Objectives
import Tensors
import TestSupport
import Testing

@testable import Training

/// Ranks repeat each other's parts of a step.
@Suite struct StepAuditTests {
  private static func configuration(_ settings: [String] = []) throws -> Configuration {
    try ConfigurationFile(
      yaml: """
        data: {source: "shapes:48x8"}
        batch: {global: 24, shard: 2}
        network: {width: 4, stem_padding: 1, zero_init_residual: false}
        objective: {name: simclr, projector: [16, 8]}
        """, path: "c.yaml", settings: settings
    ).resolved(imageSize: 16, classCount: 10)
  }

  /// Where a bit of one rank flips.
  enum Fault: CaseIterable, Sendable {
    case image, parameter, activation, gradient
  }

  struct Seen: Sendable {
    let digests: [UInt8]
    let gradients: [[Float]]
    let statistics: [[Float]]
    let mismatch: StepAudit.Mismatch?
  }

  /// What each rank saw of a step in which a bit flips on rank 1.
  private func step(
    _ configuration: Configuration, ranks: Int, fault: Fault? = nil, place: UInt64 = 0, threads: Int = 1
  ) throws -> [Seen] {
    try ThreadRanks(ranks).run { communicator in
      let isFaulty = communicator.rank == min(1, ranks - 1)
      let flip = Flip(isFaulty ? fault : nil, place: place)
      let (backbone, objective) = configuration.makeNetwork()
      let model = Model(
        backbone: backbone, objective: FlippingObjective(objective, flip), seed: configuration.seed)
      let pool = WorkerPool.forKernels(threads: threads)
      let trainer = Trainer(
        configuration, model: model, pool: pool, reducer: communicator,
        gradients: configuration.makeGradientReducer(for: model, on: communicator))
      let dataset = try DatasetSource.open(configuration.data.source, on: .alone()).train
      let loader = try configuration.makeLoader(
        for: dataset, startStep: 0, threads: 1, communicator: communicator)
      defer { loader.stop() }
      let batch = try loader.next()
      flip.parameter(of: model)
      flip.image(of: batch)
      let audit = StepAudit(
        configuration: configuration, dataset: dataset, trainer: trainer, threads: 1,
        communicator: communicator)
      var seen: Seen?
      _ = try trainer.take(batch, stepsPerEpoch: 2) { trace in
        let gradients = model.store.parameters.map(\.gradientArray)
        let statistics = model.batchNorms.map(\.runningMean)
        let learned = model.store.parameters.filter(\.isTrainable).map { "the gradient of \($0.name)" }
        #expect(Set(trace.items.map(\.name)).isSuperset(of: learned), "not every gradient is compared")
        let mismatch = try audit.mismatch(trace, step: 1)
        #expect(gradients == model.store.parameters.map(\.gradientArray), "the audit changed gradients")
        #expect(statistics == model.batchNorms.map(\.runningMean), "the audit changed running means")
        seen = Seen(
          digests: trace.digests, gradients: gradients, statistics: statistics, mismatch: mismatch)
      }
      return seen!
    }
  }

  @Test(
    arguments: [1, 2, 3, 4],
    [
      [], ["gates.enabled=false"], ["objective.name=simsiam"], ["objective.name=rotnet"],
      ["objective.name=supervised"], ["batch.micro=12", "batch.shard=1"], ["memory.recompute=true"],
      ["gradients.precision=bf16"], ["network.depth=50"],
    ])
  func partsComeOutTheSame(ranks: Int, settings: [String]) throws {
    let seen = try step(Self.configuration(settings), ranks: ranks, threads: 2)
    #expect(seen.allSatisfy { $0.mismatch == nil })
    // Parts of different ranks differ: the comparison is not of constants.
    #expect(Set(seen.map(\.digests)).count == ranks)
  }

  /// Every flip that changes what a rank brings is found, with the rank that it happened on; others change nothing.
  @Test(arguments: Fault.allCases)
  func flippedBitsAreFound(_ fault: Fault) throws {
    let configuration = try Self.configuration()
    let undisturbed = try step(configuration, ranks: 3)
    let clean = undisturbed[1].digests
    var found = 0
    for number in 0..<50 as Range<UInt64> {
      let place = RandomDraws(seed: number, purpose: .test).block(0)
      let seen = try step(
        configuration, ranks: 3, fault: fault, place: UInt64(place.x) << 32 | UInt64(place.y))
      let mismatch = seen[0].mismatch
      #expect(seen.allSatisfy { $0.mismatch == mismatch })
      #expect((mismatch != nil) == (seen[1].digests != clean), "flip \(number)")
      let isChanged = seen[0].gradients != undisturbed[0].gradients
      #expect(mismatch != nil || !isChanged, "flip \(number) changed the step")
      guard let mismatch else { continue }
      found += 1
      // A parameter stays flipped, so rank 1 is wrong as an auditor, too.
      if mismatch.rank == 1 {
        #expect(mismatch.verdict == .rankIsWrong, "flip \(number)")
      } else {
        #expect(mismatch.auditor == 1 && mismatch.verdict == .auditorIsWrong, "flip \(number)")
      }
    }
    #expect(found >= 25)
  }

  @Test func rankAloneFindsWhatHappenedOnce() throws {
    let seen = try step(Self.configuration(), ranks: 1, fault: .gradient, place: 30 << 32)
    let mismatch = try #require(seen[0].mismatch)
    #expect(mismatch.rank == 0 && mismatch.auditor == 0 && mismatch.verdict == .rankIsWrong)
    #expect(
      "\(mismatch)".hasPrefix("rank 0 on ") && "\(mismatch)".contains("twice and got other bits"))
  }

  /// Everybody is repeated by somebody else, and over time by everybody else.
  @Test func auditorsTakeTurns() {
    for ranks in [2, 3, 8] {
      let distances = (1...200).map { StepAudit.distance(seed: 7, step: $0, ranks: ranks) }
      #expect(Set(distances) == Set(1..<ranks))
    }
    #expect(StepAudit.distance(seed: 7, step: 1, ranks: 1) == 0)
  }
}

/// A bit that flips once.
private final class Flip {
  private let fault: StepAuditTests.Fault?
  private let place: UInt64
  private var isDone = false

  init(_ fault: StepAuditTests.Fault?, place: UInt64) {
    self.fault = fault
    self.place = place
  }

  func image(of batch: ViewBatch) {
    guard isDue(.image) else { return }
    flip(batch.images.pointer, batch.images.count)
  }

  func parameter(of model: Model) {
    guard isDue(.parameter) else { return }
    let parameter = model.store.parameters[Int(place % UInt64(model.store.parameters.count))]
    var values = parameter.array
    values.withUnsafeMutableBufferPointer { flip($0.baseAddress!, $0.count) }
    parameter.array = values
  }

  func activations(_ features: Tensor) -> Tensor {
    guard isDue(.activation) else { return features }
    flip(features.pointer, features.count)
    return features
  }

  func gradient(_ gradient: Tensor) -> Tensor {
    guard isDue(.gradient) else { return gradient }
    flip(gradient.pointer, gradient.count)
    return gradient
  }

  private func isDue(_ fault: StepAuditTests.Fault) -> Bool {
    guard !isDone, fault == self.fault else { return false }
    isDone = true
    return true
  }

  private func flip(_ numbers: UnsafeMutablePointer<Float>, _ count: Int) {
    let index = Int(place & 0xffff_ffff) % count
    // Not to infinities and NaNs, which end a step before its audit.
    let bit = UInt32(place >> 32) % 30
    numbers[index] = Float(bitPattern: numbers[index].bitPattern ^ 1 << bit)
  }
}

private final class FlippingObjective: Objective {
  private let objective: any Objective
  private let flip: Flip

  init(_ objective: any Objective, _ flip: Flip) {
    self.objective = objective
    self.flip = flip
  }

  var heads: [MLP] { objective.heads }
  var constantRateParameters: [Parameter] { objective.constantRateParameters }

  func forward(_ features: Tensor, in pass: Pass) throws -> Embeddings {
    try objective.forward(flip.activations(features), in: pass)
  }

  func lossAndGradient(
    _ embeddings: Embeddings, batch: StepBatch, in pass: Pass
  ) throws -> (loss: Double, gradient: Tensor) {
    try objective.lossAndGradient(embeddings, batch: batch, in: pass)
  }

  func backward(_ gradient: Tensor, in pass: Pass) throws -> Tensor {
    flip.gradient(try objective.backward(gradient, in: pass))
  }
}
