import Collectives
import Configurations
import Datasets
import Foundation
import Layers
import Logging
import Tensors
import TestSupport
import Testing

@testable import Training

/// Steps that come to a value that is not finite.
@Suite struct NonFiniteTests {
  private static func prepare(_ settings: [String], _ communicator: Communicator) throws -> RunPreparation {
    let file = try ConfigurationFile(
      yaml: """
        data: {source: "shapes:64x8"}
        threads: 1
        batch: {global: 16, shard: 2}
        network: {width: 4, stem_padding: 1}
        objective: {name: simclr, projector: [16, 8]}
        """, path: "c.yaml", settings: settings)
    return try RunPreparation(
      file, folder: RunFolder("/nowhere/run"), resume: .never, communicator: communicator,
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  private static func batch(_ prepared: RunPreparation) throws -> ViewBatch {
    let loader = try prepared.configuration.makeLoader(
      for: prepared.data.train, startStep: 0, threads: 1, communicator: prepared.communicator)
    defer { loader.stop() }
    return try loader.next()
  }

  /// Makes a pixel of an image of the global batch a number that is none, on the rank that has it.
  private static func spoil(_ image: Int, of batch: ViewBatch, _ communicator: Communicator) {
    let local = image - communicator.rank * batch.indices.count
    guard batch.indices.indices.contains(local) else { return }
    let row = batch.layout.row(of: .init(image: local, view: 1))
    batch.images.pointer[row * batch.images.rowStride + 5] = .nan
  }

  /// What a run ends with on each rank where a step goes so.
  private static func failures(
    ranks: Int, settings: [String] = [],
    spoiling: @escaping @Sendable (ViewBatch, RunPreparation) -> Void
  ) throws -> [TrainingFailure?] {
    try ThreadRanks(ranks).run { communicator in
      let prepared = try prepare(settings, communicator)
      let batch = try batch(prepared)
      spoiling(batch, prepared)
      do {
        _ = try prepared.trainer.take(batch, stepsPerEpoch: 4)
        return nil
      } catch LayerError.nonFinite(let layer, let shards) {
        return try NonFiniteEnd(prepared: prepared, records: nil).failure(
          step: 1, layer: layer, shards: shards, images: batch.shownIndices, lastCheckpoint: "c")
      }
    }
  }

  /// Images 10 and 11 of the batch are a shard; in micro-batches, too.
  @Test(arguments: [[], ["batch.micro=8"]]) func imagesOfTheShardsAreNamedOnAnyRanks(
    _ settings: [String]
  ) throws {
    var sentences: Set<String> = []
    for ranks in [1, 2, 4] {
      let found = try Self.failures(ranks: ranks, settings: settings) { batch, prepared in
        for image in [10, 15] { Self.spoil(image, of: batch, prepared.communicator) }
      }
      #expect(found.count == ranks && !found.contains(nil))
      sentences.formUnion(found.map { $0.map { "\($0)" } ?? "" })
    }
    let order = try Self.batch(Self.prepare(settings, .alone())).indices
    let names = [10, 11, 14, 15].map { "shapes train, image \(order[$0])" }
    // The first micro-batch holds shards 0, 2, 4 and 6, the second one shards 5 and 7.
    #expect(
      sentences == [
        "step 1: a non-finite value first appeared at 'bn1'; it was made from 4 of the batch's 16 images: '\(names[0])', "
          + "'\(names[1])', '\(names[2])' and 1 more; the last good checkpoint is c; a lower optimizer.learning_rate "
          + "usually helps"
      ])
  }

  /// The heads' last layer is behind every batch norm.
  @Test func whatOnlyTheLossSeesIsOfTheShardsWithSuchEmbeddings() throws {
    let found = try Self.failures(ranks: 2) { batch, prepared in
      let last = prepared.model.objective.heads[0].parameters.last { $0.name.hasSuffix("weight") }
      last?.array = [Float](repeating: 3e38, count: last?.array.count ?? 0)
    }
    for failure in found {
      guard case .nonFinite(let end, _, nil, "c") = failure else {
        Issue.record("\(String(describing: failure))")
        continue
      }
      #expect(end.layer == "loss" && end.batch == 16 && !end.images.isEmpty)
    }
    #expect(found[0] == found[1])
  }

  /// What a rank alone computes is told from what the step comes to.
  @Test(arguments: [1, 3]) func theAuditTellsAWrongBitFromTheRun(ranks: Int) throws {
    for isWrongBit in [false, true] {
      let found = try ThreadRanks(ranks).run { communicator -> (StepAudit.Mismatch?, Bool) in
        let prepared = try Self.prepare(["batch.global=24"], communicator)
        let batch = try Self.batch(prepared)
        if isWrongBit {
          Self.spoil(0, of: batch, communicator)
        } else {
          prepared.model.store.parameters[0].array[0] = .infinity
        }
        var (mismatch, isAudited): (StepAudit.Mismatch?, Bool) = (nil, false)
        #expect(throws: LayerError.self) {
          _ = try prepared.trainer.take(batch, stepsPerEpoch: 2) { trace in
            mismatch = try StepAudit(
              configuration: prepared.configuration, dataset: prepared.data.train, trainer: prepared.trainer,
              threads: 1, communicator: communicator
            ).mismatch(trace, step: 1)
            isAudited = true
          }
        }
        return (mismatch, isAudited)
      }
      #expect(found.allSatisfy { $0.1 })
      for (mismatch, _) in found {
        #expect(
          isWrongBit
            ? mismatch?.rank == 0 && mismatch?.verdict == .rankIsWrong && mismatch?.item == "statistics 1"
            : mismatch == nil, "\(String(describing: mismatch))")
      }
    }
  }

  @Test(arguments: ["", "{", #"{"step": 0, "layer": "a", "batch_images": 1, "images": []}"#, #"{"step": 3}"#])
  func whatIsNoRecordIsNone(_ text: String) throws {
    try withTemporaryFolder { folder in
      let run = RunFolder(folder.path)
      try Data(text.utf8).write(to: URL(fileURLWithPath: run.nonFinite))
      #expect(NonFiniteStep(contentsOf: run.nonFinite) == nil)
      let end = NonFiniteStep(step: 3, layer: "a", batch: 1, images: [.init(index: 0, name: "é\"")])
      try end.data.write(to: URL(fileURLWithPath: run.nonFinite))
      #expect(NonFiniteStep(contentsOf: run.nonFinite) == end)
    }
  }
}
