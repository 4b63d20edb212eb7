import Foundations

/// What is known about training at one step, over the global batch.
public struct TrainingMetrics: Equatable, Sendable {
  /// Steps taken so far, this one included.
  public var step: Int
  /// The epoch of this step, from 0.
  public var epoch: Int
  /// The objective plus, over both views, budget and bound loss.
  public var loss: Double
  public var objective: Double
  public var budget: Double
  public var bound: Double
  /// MACs used, as a share of the dense network's.
  public var macsShare: Double
  /// Time of an image in evaluation, in milliseconds, as the budget's table predicts it; nil where MACs are budgeted.
  public var latency: Double?
  /// Share of open channels, by gate.
  public var density: [Double]
  public var learningRate: Double
  /// Images (not views) of all ranks.
  public var imagesPerSecond: Double
  /// Of the time, the part in which the step waited for images, in [0, 1].
  public var dataWaitShare: Double
  /// Of the time, the part in which rank 0 waited for sums of gradients after backward, in [0, 1].
  public var communicationShare: Double
  /// What the run's steps took so far, in all of its sessions; nil where that is not known.
  public var seconds: Double?
  /// Images that could not be used so far, each counted once.
  public var imagesSkipped: Int
  /// How far apart the projections of different images are: 0 if all are alike, 1 if spread evenly over
  /// directions.
  public var embeddingStd: Double?
  /// Over how many directions they are spread.
  public var effectiveRank: Double?
  /// When the step ended, in seconds since 1970; nil in lines of older versions.
  public var timestamp: Double?

  public init(
    step: Int, epoch: Int, loss: Double, objective: Double, budget: Double, bound: Double,
    macsShare: Double, latency: Double? = nil, density: [Double], learningRate: Double,
    imagesPerSecond: Double,
    dataWaitShare: Double = 0, communicationShare: Double = 0, seconds: Double? = nil, imagesSkipped: Int = 0,
    embeddingStd: Double? = nil, effectiveRank: Double? = nil, timestamp: Double? = nil
  ) {
    self.step = step
    self.epoch = epoch
    self.loss = loss
    self.objective = objective
    self.budget = budget
    self.bound = bound
    self.macsShare = macsShare
    self.latency = latency
    self.density = density
    self.learningRate = learningRate
    self.imagesPerSecond = imagesPerSecond
    self.dataWaitShare = dataWaitShare
    self.communicationShare = communicationShare
    self.seconds = seconds
    self.imagesSkipped = imagesSkipped
    self.embeddingStd = embeddingStd
    self.effectiveRank = effectiveRank
    self.timestamp = timestamp
  }

  /// The mean of `density`; 1 without gates.
  public var meanDensity: Double {
    density.isEmpty ? 1 : density.reduce(0, +) / Double(density.count)
  }

  /// The object of a line of `metrics.jsonl`; what was not measured is `null`.
  public var json: JSONValue {
    .object([
      "step": .integer(step), "epoch": .integer(epoch), "loss": .number(loss),
      "objective": .number(objective), "budget": .number(budget), "bound": .number(bound),
      "macs_share": .number(macsShare), "latency_ms": latency.map(JSONValue.number) ?? .null,
      "density": .list(density.map(JSONValue.number)),
      "learning_rate": .number(learningRate), "images_per_s": .number(imagesPerSecond),
      "data_wait_share": .number(dataWaitShare), "communication_share": .number(communicationShare),
      "seconds": seconds.map(JSONValue.number) ?? .null,
      "images_skipped": .integer(imagesSkipped),
      "embedding_std": embeddingStd.map(JSONValue.number) ?? .null,
      "effective_rank": effectiveRank.map(JSONValue.number) ?? .null,
      "timestamp": timestamp.map(JSONValue.number) ?? .null,
    ])
  }
}
