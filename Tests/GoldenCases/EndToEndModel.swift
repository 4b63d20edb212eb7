import Layers
import Networks
import Objectives
import Tensors
import Training

extension EndToEndCase {
  /// The model of a case, with its start state. Every golden tensor must find its place, and every place its
  /// tensor.
  func makeModel(_ run: EndToEndRun, kernels: ConvolutionKernels) throws -> Model {
    var configuration = ResNetConfiguration()
    configuration.inputSize = run.trajectory.config.input
    configuration.stages = run.trajectory.config.blocks
    configuration.width = run.trajectory.config.width
    configuration.stem = run.trajectory.config.stem.kernel == "7x7" ? .imagenet : .cifar
    configuration.stemPadding = run.trajectory.config.stem.padding
    configuration.kernels = kernels
    let model = Model(
      backbone: StackedBackbone(configuration), objective: try makeObjective(run, configuration.featureCount),
      seed: 0)
    try load(initial, into: model)
    return model
  }

  /// Told by what the start state holds; widths are those of its tensors.
  private func makeObjective(_ run: EndToEndRun, _ featureCount: Int) throws -> any Objective {
    func outputs(_ layer: String) throws -> Int {
      guard let shape = initial.shape(of: "\(layer).weight") else {
        throw SafetensorsError.missingTensor(path: initial.path, name: "\(layer).weight")
      }
      return shape[0]
    }
    let hidden = try outputs("projector.0")
    if let temperature = run.trajectory.config.temperature {
      return SimCLR(
        .init(temperature: temperature, projector: [hidden, try outputs("projector.3")]),
        featureCount: featureCount)
    }
    return SimSiam(
      .init(projector: [hidden, try outputs("projector.6")], predictorHidden: try outputs("predictor.0")),
      featureCount: featureCount)
  }

  private func load(_ file: SafetensorsFile, into model: Model) throws {
    var places: [String: ([Float]) -> Void] = [:]
    for parameter in model.store.parameters { places[parameter.name] = { parameter.array = $0 } }
    for norm in model.batchNorms {
      places["\(norm.name).running_mean"] = { norm.runningMean = $0 }
      places["\(norm.name).running_var"] = { norm.runningVariance = $0 }
    }
    for golden in file.names {
      guard let place = places.removeValue(forKey: Self.name(golden)) else {
        throw EndToEndError.noPlace(tensor: golden)
      }
      place(try file.floats(golden))
    }
    guard places.isEmpty else { throw EndToEndError.noTensor(places: places.keys.sorted()) }
  }
}

/// A start state that does not fit its configuration.
enum EndToEndError: Error {
  case noPlace(tensor: String)
  case noTensor(places: [String])
}

/// The uniform numbers of one step's gates, as stored: `step00.view0.layer1.0.mask_c`, `[batch, channels]`.
final class StoredNoise: GateNoise {
  /// By view and gate.
  private let uniforms: [[[Float]]]
  private let firstImage: Int

  init(_ file: SafetensorsFile, step: Int, blocks: [String], layout: BatchLayout) throws {
    let prefix = "step" + (step < 10 ? "0" : "") + "\(step)"
    uniforms = try (0..<layout.local.views).map { view in
      try blocks.map { try file.floats("\(prefix).view\(view).\($0).mask_c") }
    }
    firstImage = layout.images.lowerBound
  }

  func fill(_ buffer: inout [Float], gate: Int, at place: RowLayout.Place) {
    let first = (firstImage + place.image) * buffer.count
    buffer = Array(uniforms[place.view][gate][first..<first + buffer.count])
  }
}
