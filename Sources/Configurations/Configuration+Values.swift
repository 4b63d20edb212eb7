import Images
import Layers
import Networks
import Objectives
import Optimizers

// What a configuration's sections come to, as the values that networks, losses and optimizers take.
extension Configuration {
  /// What the network is made of.
  public var backbone: any BackboneConfiguration {
    var backbone: any BackboneConfiguration =
      switch network.family {
      case .resnet: resNet
      case .vgg: vgg
      }
    backbone.innerChannels = network.innerChannels
    return backbone
  }

  private var resNet: ResNetConfiguration {
    var resNet = ResNetConfiguration(depth: network.depth)
    resNet.inputSize = network.inputSize
    resNet.width = network.width
    resNet.stem = network.stem
    resNet.stemPadding = network.stemPadding
    resNet.zeroInitResidual = network.zeroInitResidual
    resNet.gated = gates.enabled
    resNet.gateRule = gates.rule
    resNet.kernels = convolutionKernels
    return resNet
  }

  private var vgg: VGGConfiguration {
    var vgg = VGGConfiguration(depth: network.depth)
    vgg.inputSize = network.inputSize
    vgg.width = network.width
    vgg.gated = gates.enabled
    vgg.gateRule = gates.rule
    vgg.kernels = convolutionKernels
    return vgg
  }

  private var convolutionKernels: ConvolutionKernels { ConvolutionKernels(kernels, precision: precision) }

  /// The last step of a run on so many images.
  package func lastStep(imageCount: Int) -> Int {
    let steps = epochs * (imageCount / batch.global)
    return min(steps, maxSteps ?? steps)
  }

  /// nil without gates.
  public var budget: Budget? {
    guard gates.enabled else { return nil }
    let (target, latency) = budgetTarget
    return Budget(
      target: target, latency: latency, lambda: gates.lambda, gamma: gates.gamma,
      boundTarget: gates.boundTarget)
  }

  /// t_d, and of which time it is a share; nil: of MACs.
  private var budgetTarget: (Double, GateCost?) {
    switch gates.target {
    case .share(let share): return (share, nil)
    case .latency(let milliseconds):
      guard let table = gates.latencyTable else {
        preconditionFailure("a configuration with a target time is resolved with its table")
      }
      return (table.cost.share(ofCost: 1000 * milliseconds), table.cost)
    }
  }

  public var updateRule: Optimizer.Rule {
    switch optimizer.name {
    case .sgd: .sgd
    case .lars:
      .lars(
        LARS(
          trustCoefficient: optimizer.trustCoefficient, clips: optimizer.clip,
          excludesBiasAndNorm: optimizer.excludeBiasAndNorm))
    }
  }

  public var learningRates: LearningRateSchedule {
    LearningRateSchedule(
      unit: schedule.unit, peak: peakLearningRate, warmupStart: schedule.warmupStart,
      final: schedule.finalLearningRate, warmupEpochs: schedule.warmupEpochs, epochs: epochs)
  }

  /// How views are made, at the size of the network's input.
  public var views: AugmentationConfiguration {
    var views = augmentation
    views.size = network.inputSize
    return views
  }
}
