import Images
import Layers
import Networks
import Objectives
import Optimizers

// What a configuration's sections come to, as the values that networks, losses and optimizers take.
extension Configuration {
  /// - Parameter imageSize: Side of the network's input in pixels, which 'auto' stems depend on.
  public func resNet(imageSize: Int) -> ResNetConfiguration {
    var resNet = ResNetConfiguration()
    resNet.width = network.width
    resNet.stem =
      switch network.stem {
      case .auto: imageSize < 96 ? .cifar : .imagenet
      case .cifar: .cifar
      case .imagenet: .imagenet
      }
    resNet.stemPadding = network.stemPadding
    resNet.zeroInitResidual = network.zeroInitResidual
    resNet.gated = gates.enabled
    resNet.gateTemperature = gates.temperature
    resNet.kernels = convolutionKernels
    return resNet
  }

  /// Which algorithm computes which convolution.
  package var convolutionKernels: ConvolutionKernels {
    switch kernels {
    case .auto: ConvolutionKernels(.auto, precision: precision)
    case .direct: ConvolutionKernels(.direct, precision: precision)
    case .table(let table): ConvolutionKernels(.table(table), precision: precision)
    // Not read yet, see readFiles: such a network counts operations, it does not compute.
    case .file: ConvolutionKernels(.auto, precision: precision)
    }
  }

  /// nil without gates.
  public var budget: Budget? {
    gates.enabled
      ? Budget(
        target: gates.target, lambda: gates.lambda, gamma: gates.gamma, boundTarget: gates.boundTarget)
      : nil
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

  /// - Parameter imageSize: Side of a view in pixels.
  public func views(imageSize: Int) -> AugmentationConfiguration {
    var views = augmentation
    views.size = imageSize
    return views
  }
}
