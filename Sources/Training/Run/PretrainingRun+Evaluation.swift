import Collectives
import Evaluation
import Metrics
import Objectives
import Tensors

/// What a run measures: k-NN on its features, and the line of metrics of a step.
extension PretrainingRun {
  /// Whether the images are classified after this step.
  var isEvaluationDue: Bool {
    guard plan.classificationGap == nil else { return false }
    return state.step == totalSteps || isDue(every: configuration.evaluate.every * stepsPerEpoch)
  }

  /// Whether the metrics hold the evaluation after this step.
  func isEvaluated(_ records: RunRecords?) throws -> Bool {
    let isThere = records?.keptLines.contains { $0.isEvaluation && $0.step == state.step } ?? false
    return try communicator.broadcast(value: isThere)
  }

  /// k-NN on the test images; nil on other ranks than 0, and on all if nothing can be classified or it was abandoned
  /// because of a request to stop.
  func evaluate(_ records: RunRecords?) throws -> KNNReport? {
    struct Abandoned: Error {}
    guard let parts = try? data.classifiable() else { return nil }
    progress?.beginEvaluation()
    // Training's buffers and evaluation's differ in size: together they would double the peak.
    BufferPool.drainAll()
    defer { BufferPool.drainAll() }
    let extractor = FeatureExtractor(
      backbone: model.backbone, imageSize: imageSize, onError: configuration.data.onError,
      shardSize: configuration.batch.shard, pool: pool, communicator: communicator)
    let train: ExtractedFeatures
    let test: ExtractedFeatures
    do {
      (train, test) = try extractor.features(of: parts) { share in
        progress?.evaluated(share)
        if try communicator.isStopRequested() { throw Abandoned() }
      }
    } catch is Abandoned {
      return nil
    } catch let failure as AgreedFailure {
      throw badData(failure, during: "evaluation after step \(state.step)")
    }
    note(train.skipped, of: parts.neighborPart)
    note(test.skipped, of: .test)
    let report = try communicator.onRoot { isStopRequested -> KNNReport? in
      do {
        return try KNNReport(
          train: train, test: test, classCount: data.classNames.count, usage: extractor.usage(of: test)
        ) { if try isStopRequested() { throw Abandoned() } }
      } catch is Abandoned {
        return nil
      }
    }
    guard let report = report.flatMap(\.self) else { return nil }
    progress?.end(.evaluation)
    log.info("step \(state.step)  \(report.line)")
    try records?.record(evaluation: report.json, step: state.step, epoch: state.epoch)
    return report
  }

  func metrics(
    of result: TrainingStep.Result, _ spread: EmbeddingSpread?, rate: Double, _ speed: Throughput
  ) -> TrainingMetrics {
    TrainingMetrics(
      step: state.step, epoch: state.epoch, loss: result.total, objective: result.objective,
      budget: result.budget, bound: result.bound, macsShare: result.macsShare, density: result.densities,
      learningRate: rate, imagesPerSecond: speed.imagesPerSecond ?? 0,
      dataWaitShare: speed.waitedShare ?? 0, imagesSkipped: state.skipped.count,
      embeddingStd: spread?.standardDeviation, effectiveRank: spread?.effectiveRank)
  }
}
