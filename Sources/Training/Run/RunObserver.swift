import Datasets
import Metrics
import Objectives
import Tensors

/// What looks after a run's steps: it measures, shows or keeps something, and changes nothing that training depends on.
protocol RunObserver: AnyObject {
  /// Whether it has something to do after this step.
  func isDue(after step: TakenStep) -> Bool
  /// Whether it measures or keeps the network, all of whose values must be finite then. Such an observer works on every
  /// rank, and is due on all or none.
  var examinesNetwork: Bool { get }
  /// Does it. `state` is where the run stands with this step taken.
  func observe(_ step: inout TakenStep, in state: inout TrainingState) throws
}

extension RunObserver {
  var examinesNetwork: Bool { false }
  func isDue(after step: TakenStep) -> Bool { true }
}

/// A step of a run as its observers see it.
struct TakenStep {
  struct Audit {
    let mismatch: StepAudit.Mismatch?
    let seconds: Double
  }

  /// How many steps have been taken, with this one.
  let number: Int
  let isLast: Bool
  /// Whether a line of metrics is written.
  let isLogged: Bool
  let outcome: Trainer.Outcome
  /// How the projections are spread; nil where no line of metrics is written.
  let spread: EmbeddingSpread?
  /// Which image and view each of this rank's rows is.
  let layout: RowLayout
  /// The data set's index of each of this rank's images.
  let images: [Int]
  /// Looks up the class of each local image; nil where the data has none.
  let labels: () -> [Int]?
  /// The images that this rank could not use.
  let skipped: [SkippedImage]
  let seconds: Double
  /// What this rank spent of them in collectives, and in waiting for images to be made.
  let waits: (collectives: Double, data: Double)
  /// Since the last line of metrics, with this step.
  let speed: Throughput
  /// What all steps took so far, in earlier sessions too; nil on other ranks than 0, and where nobody knows.
  let totalSeconds: Double?
  /// When it ended, in seconds since 1970.
  let timestamp: Double
  /// What came of it where ranks repeated each other's parts; nil: they did not.
  var audit: Audit? = nil
  /// Whether the run ends with this step because an evaluation after it learnt that the job was asked to stop.
  var isStopping = false
  /// Whether any observer examines the network.
  var isExamined = false

  /// Whether something that is done every so many steps, 0: never, follows this one.
  func isDue(every steps: Int) -> Bool { steps > 0 && number % steps == 0 }

  /// What is known about training after this step.
  func metrics(in state: TrainingState) -> TrainingMetrics {
    let result = outcome.result
    return TrainingMetrics(
      step: state.step, epoch: state.epoch, loss: result.total, objective: result.objective,
      budget: result.budget, bound: result.bound, macsShare: result.macsShare,
      latency: result.latency.map { $0 / 1000 }, density: result.densities,
      learningRate: outcome.learningRate, imagesPerSecond: speed.imagesPerSecond ?? 0,
      dataWaitShare: speed.dataWaitShare ?? 0, communicationShare: speed.gradientWaitShare ?? 0,
      seconds: totalSeconds, imagesSkipped: state.skipped.count, embeddingStd: spread?.standardDeviation,
      effectiveRank: spread?.effectiveRank, timestamp: timestamp)
  }
}
