import Collectives
import Datasets
import Images
import Layers
import Networks
import Objectives
import Optimizers

/// Everything that decides what a run does; the defaults are the settings of Krishna et al., "Dynamic Channel
/// Selection in Self-Supervised Learning" (IMVIP 2022) for CIFAR.
///
/// Nothing in it is open: what a file leaves to other files or to the data is settled (`ConfigurationFile.resolved`).
/// Which values are allowed is stated once, in `ConfigurationKey.all`.
public struct Configuration: Equatable, Sendable {
  public var data: DataSettings
  public var batch = BatchSettings()
  /// Passes over the data set.
  public var epochs = 500
  /// Stops earlier, after this many steps in all; schedules still follow `epochs`.
  public var maxSteps: Int?
  /// Steps between two lines of metrics.
  public var logEvery = 10
  /// Decides every random number.
  public var seed: UInt64 = 0
  /// Threads of a rank; nil: its share of the cores that it may use.
  public var threads: Int?
  public var network = NetworkSettings()
  public var gates = GateSettings()
  public var objective = ObjectiveSelection()
  public var optimizer = OptimizerSettings()
  public var schedule = ScheduleSettings()
  /// How views are made; their size is the network's input (`views`).
  public var augmentation = AugmentationConfiguration()
  public var gradients = GradientSettings()
  public var checkpoint = CheckpointSettings()
  public var audit = AuditSettings()
  public var evaluate = EvaluationSettings()
  /// What convolutions may be computed in; parameters and sums are f32.
  public var precision = Precision.f32
  /// Which algorithm computes which convolution.
  public var kernels = ConvolutionKernels.Choice.auto
  public var memory = MemorySettings()
  public var pruning = PruningSettings()

  /// - Parameter dataSource: For example `cifar10:DIR` or `shapes`.
  public init(dataSource: String) {
    data = DataSettings(source: dataSource)
  }
}

public struct DataSettings: Equatable, Sendable {
  /// What to train on: `cifar10:DIR`, `cifar100:DIR`, `imagenet100:DIR`, … or `shapes`.
  public var source: String
  /// Which class folders of a tree are trained on; nil: those that belong to the kind of data.
  public var classes: ClassList?
  /// What to do about an image that cannot be used.
  public var onError = OnBadImage.stop
  /// Images that are shuffled at a time where data is read in blocks, of all ranks; nil: as many as take 256 MB.
  public var shuffleWindow: Int?
  /// Threads that read and augment ahead of the step; nil: as many as compute. They take what time these leave of
  /// the cores.
  public var loaderThreads: Int?

  public static func == (a: Self, b: Self) -> Bool {
    // Folders are told apart by the bytes of their names.
    a.source.utf8.elementsEqual(b.source.utf8) && a.classes == b.classes && a.onError == b.onError
      && a.shuffleWindow == b.shuffleWindow && a.loaderThreads == b.loaderThreads
  }
}

public struct BatchSettings: Equatable, Sendable {
  /// Images of all ranks in one step.
  public var global = 256
  /// Consecutive images that kernels take at once; sums over the batch are taken per shard (contract C1).
  public var shard = 32
  /// Images of all ranks whose activations are held at one time; nil: all.
  public var micro: Int?

  /// How many times ranks take `micro` images in a step.
  public var microBatches: Int { micro.map { global / $0 } ?? 1 }
}

public struct MemorySettings: Equatable, Sendable {
  /// Whether blocks keep their input alone and run forward again before backward.
  public var recompute = false
}

public struct NetworkSettings: Equatable, Sendable {
  public var family = NetworkFamily.resnet
  /// Layers of the network: one of the family's depths.
  public var depth = 18
  /// Channels of the first stage.
  public var width = 64
  /// Of a ResNet.
  public var stem = ResNetConfiguration.Stem.cifar
  /// Padding of the CIFAR stem's 3×3 convolution: 2 in the paper, 1 elsewhere.
  public var stemPadding = 2
  /// Whether the last batch norm of every block of a ResNet starts at 0.
  public var zeroInitResidual = true
  /// Height and width of the network's input in pixels.
  public var inputSize = 32
  /// What `inputSize` may be.
  static let inputSizes = 8...1024
  /// Channels between the convolutions of its blocks where some were taken out; nil: as many as the family has.
  public var innerChannels: [Int]?
}

public struct GateSettings: Equatable, Sendable {
  /// False: the dense network, everything else the same.
  public var enabled = true
  public var target: GateTarget = 0.5
  /// What open channels take, where `target` is a time.
  public var latencyTable: LatencyTable?
  /// Weight of the budget loss.
  public var lambda = 5.0
  /// Weight of the bound loss.
  public var gamma = 1.0
  /// Annealing rate of the bound loss per epoch; nil: `Configuration.annealingRate` decides.
  public var alpha: Double?
  /// The bound loss's target density: √t_d as in the reference implementation, or t_d.
  public var boundTarget = Budget.BoundTarget.sqrt
  /// Temperature of the Gumbel sigmoid, and how many channels open together.
  public var rule = GateRule()
}

public struct OptimizerSettings: Equatable, Sendable {
  public var name = Name.sgd
  /// The rate after warm-up, before `learningRateScaling`.
  public var learningRate = 0.5
  public var learningRateScaling = LearningRateScaling.none
  public var momentum = 0.9
  /// Part of the gradient; gates have none, under LARS biases and norms neither.
  public var weightDecay = 1e-5
  /// η of LARS.
  public var trustCoefficient = 0.02
  /// Whether LARS takes no tensor faster than the learning rate.
  public var clip = true
  /// Whether LARS leaves biases, scales and shifts unscaled and undecayed.
  public var excludeBiasAndNorm = true

  public enum Name: String, CaseIterable, Sendable { case sgd, lars }

  /// How the learning rate follows the global batch.
  public enum LearningRateScaling: String, CaseIterable, Sendable {
    /// It is for the whole global batch.
    case none
    /// It is for 256 images and grows in proportion: Goyal et al., "Accurate, Large Minibatch SGD" (2017).
    case linear
  }
}

public struct GradientSettings: Equatable, Sendable {
  /// How gradients travel between ranks.
  public var precision = GradientPrecision.f32
}

public struct ScheduleSettings: Equatable, Sendable {
  public var unit = LearningRateSchedule.Unit.epoch
  public var warmupEpochs = 10
  /// The rate in epoch 0; by step, warm-up starts from 0 instead.
  public var warmupStart = 0.003
  /// The rate that the cosine ends at.
  public var finalLearningRate = 0.0
}

extension AugmentationConfiguration {
  /// `cropScale` as the two numbers of `augmentation.crop_scale`.
  var cropScaleEnds: [Double] {
    get { [cropScale.lowerBound, cropScale.upperBound] }
    set { cropScale = newValue[0]...newValue[1] }
  }
}

public struct CheckpointSettings: Equatable, Sendable {
  /// Steps between checkpoints; 0: only at the end.
  public var every = 0
  /// How many of the newest are kept.
  public var keep = 3
}

/// How a run looks after itself.
public struct AuditSettings: Equatable, Sendable {
  /// Steps from one whose parts ranks repeat for each other to the next, 0: never; nil: as often as `Configuration` says.
  public var every: Int?
  /// What happens where a part does not come out the same.
  public var onMismatch = OnMismatch.stop

  public enum OnMismatch: String, Sendable, CaseIterable {
    case stop, warn
  }
}

public struct EvaluationSettings: Equatable, Sendable {
  /// Epochs between evaluations; 0: only at the start and at the end.
  public var every = 0
  /// Whether a linear classifier learns beside the network, which it does not change, and is tested with it.
  public var probe = true
}

extension Configuration {
  /// The learning rate that warm-up reaches: with linear scaling the rate for 256 images × batch / 256.
  public var peakLearningRate: Double {
    switch optimizer.learningRateScaling {
    case .none: optimizer.learningRate
    case .linear: optimizer.learningRate * Double(batch.global) / 256
    }
  }

  /// α of the bound loss: `gates.alpha`, or the paper's 0.02 per epoch over 500 epochs, scaled to `epochs`.
  public var annealingRate: Double { gates.alpha ?? 0.02 * 500 / Double(epochs) }
}
