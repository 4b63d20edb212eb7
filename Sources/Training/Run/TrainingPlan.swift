import Configurations
import Datasets
import Foundations
import Layers
import Networks
import Objectives
import Optimizers

/// What a run is going to do, in numbers: all of it is known before the first step.
public struct TrainingPlan: Report, Equatable, Sendable {
  /// A part of a data set.
  public struct Part: Equatable, Sendable {
    public let name: String
    public let images: Int
  }

  public let parts: PerPart<Part>
  public var train: Part { parts.train }
  /// Why nothing is evaluated; nil: something is.
  public let classificationGap: ClassificationGap?
  /// What the data is, one sentence each.
  public let dataNotes: [String]
  /// Of the files of the data and their classes; nil where the name of the data says it.
  public let dataDigest: String?
  public let ranks: Int
  /// Of a rank.
  public let threads: Int
  public let globalBatchSize: Int
  public let shardSize: Int
  /// How many micro-batches a step takes one after the other.
  public let microBatches: Int
  public let epochs: Int
  /// The step that comes first, counted from 0; above 0 where a run goes on.
  public let firstStep: Int
  /// The number of steps after which the run ends.
  public let lastStep: Int
  /// Height and width of the network's input in pixels.
  public let imageSize: Int
  /// For example `ResNet-18 of width 64`.
  public let network: String
  public let width: Int
  /// What convolutions may be computed in.
  public let precision: Precision
  public let objective: ObjectiveKind
  /// Embeddings that an anchor is pushed away from; nil for an objective without negatives.
  public let negativesPerAnchor: Int?
  /// Classes that the objective tells apart; nil for one that looks at no labels.
  public let classCount: Int?
  /// Learned numbers of backbone, gates and heads, frozen ones included.
  public let parameters: Int
  /// Multiply-adds of the dense backbone for one image.
  public let denseMACs: Int64
  /// t_d; nil without gates.
  public let target: Double?
  /// The time of an image that the budget is to reach, in milliseconds; nil where it is no time.
  public let targetMilliseconds: Double?
  public let optimizer: OptimizerSettings
  public let learningRates: LearningRateSchedule
  /// The largest learning rate of the run's steps; nil if there are none.
  public var peakLearningRate: Double? {
    learningRates.largestRate(steps: lastStep, stepsPerEpoch: stepsPerEpoch)
  }
  /// Tensors that LARS neither scales nor decays, in the order of the forward pass; none under SGD.
  public let unscaledTensors: [String]
  public let memory: MemoryEstimate

  /// - Parameters:
  ///   - configuration: Without conflict with `data` and `ranks`.
  ///   - firstStep: The steps that were taken before.
  public init(
    _ configuration: Configuration, data: DataParts, model: Model, ranks: Int, threads: Int,
    firstStep: Int = 0
  ) throws {
    parts = data.datasets.map { Part(name: $1.name, images: $1.count) }
    classificationGap = data.classificationGap
    dataNotes = data.notes
    dataDigest = data.digest
    self.ranks = ranks
    self.threads = threads
    globalBatchSize = configuration.batch.global
    shardSize = configuration.batch.shard
    microBatches = configuration.batch.microBatches
    epochs = configuration.epochs
    self.firstStep = firstStep
    lastStep = configuration.lastStep(imageCount: parts.train.images)
    imageSize = configuration.network.inputSize
    network = configuration.network.title
    width = configuration.network.width
    precision = configuration.precision
    objective = configuration.objective.name
    negativesPerAnchor = configuration.objective.chosen.negativesPerAnchor(globalBatchSize: globalBatchSize)
    classCount = configuration.objective.chosen.classCount
    parameters = model.store.parameters.reduce(0) { $0 + $1.count }
    denseMACs = MACs(model.backbone.blueprint).dense
    target = configuration.budget?.target
    targetMilliseconds = configuration.gates.enabled ? configuration.gates.target.milliseconds : nil
    optimizer = configuration.optimizer
    learningRates = configuration.learningRates
    unscaledTensors =
      switch configuration.updateRule {
      case .sgd: []
      case .lars(let lars):
        model.store.parameters.filter { $0.isTrainable && lars.excludes($0) }.map(\.name)
      }
    memory = try MemoryEstimate(
      configuration, data: data, backbone: model.backbone, heads: model.objective.heads, ranks: ranks,
      threads: threads)
  }

  /// Images of a rank in one step.
  public var localBatchSize: Int { globalBatchSize / ranks }
  public var shardsPerRank: Int { localBatchSize / shardSize }
  public var stepsPerEpoch: Int { train.images / globalBatchSize }
  /// Images that every epoch leaves out, others each time, as they do not fill a batch.
  public var droppedImages: Int { train.images % globalBatchSize }
}
