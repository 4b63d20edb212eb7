import Collectives
import Datasets
import Images
import Layers
import Networks
import Objectives

// What a configuration describes, as the values and objects that do it.
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
  var convolutionKernels: ConvolutionKernels {
    switch kernels {
    case .auto: ConvolutionKernels(.auto, precision: precision)
    case .direct: ConvolutionKernels(.direct, precision: precision)
    case .table(let table): ConvolutionKernels(.table(table), precision: precision)
    // Not read yet, see readFiles: such a network counts operations, it does not compute.
    case .file: ConvolutionKernels(.auto, precision: precision)
    }
  }

  /// The objective with new heads.
  public func makeObjective(featureCount: Int) -> any Objective {
    let widths = objective.projectorWidths
    return switch objective.name {
    case .simsiam:
      SimSiam(
        featureCount: featureCount, hidden: widths[0], output: widths[1],
        predictorHidden: objective.predictorHidden)
    case .simclr:
      SimCLR(
        featureCount: featureCount, hidden: widths[0], output: widths[1],
        temperature: objective.temperature)
    }
  }

  /// A model with its initial weights.
  public func makeModel(imageSize: Int) -> Model {
    if case .file(let path) = kernels { preconditionFailure("\(path) was not read: call readFiles") }
    let resNet = resNet(imageSize: imageSize)
    return Model(
      backbone: ResNet(resNet), objective: makeObjective(featureCount: resNet.featureCount), seed: seed)
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

  /// The batches of this rank from step `startStep` on.
  ///
  /// - Parameters:
  ///   - imageSize: Side of a view in pixels.
  ///   - threads: That make views, where `data.loader_threads` does not say.
  /// - Throws: `AugmentationError` or `SamplerError` for values no batch could be made with.
  public func makeLoader(
    for dataset: any ImageDataset, imageSize: Int, startStep: Int, threads: Int, communicator: Communicator
  ) throws -> ViewLoader {
    try ViewLoader(
      dataset: dataset, augmentation: views(imageSize: imageSize), onError: data.onError, seed: seed,
      globalBatchSize: batch.global, shardSize: batch.shard, rank: communicator.rank,
      worldSize: communicator.worldSize, shuffleWindow: data.shuffleWindow, startStep: startStep,
      threads: data.loaderThreads ?? threads)
  }
}
