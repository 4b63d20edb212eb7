import Foundations
import Layers
import Networks
import Tensors

/// Compares what a file computes with what the backbone computes, image by image, on images that are the same for
/// everybody.
struct ExportCheck {
  /// Largest ‖a − b‖₂/‖b‖₂ of an image's features (contract C7's).
  static let tolerance = 1e-5
  /// A gate may decide otherwise only where its logit is closer to 0.
  static let closeLogit = 1e-5

  private let images: Tensor
  private let gates: [Blueprint.GateSite]
  private let pool: WorkerPool
  private let expected: BackboneOutcome

  /// How a file's features and those of the backbone agree.
  struct Agreement {
    let images: Int
    /// Of the images that were compared.
    let largestDifference: Double
    /// Images of which a gate's logit was so close to 0 that it decided otherwise: they were not compared.
    let undecided: Int
  }

  /// - Parameter gateChannels: Of each gate, the channels that the file has; nil: all.
  init(of backbone: any Backbone, gateChannels: [[Int]]? = nil, pool: WorkerPool) throws {
    self.pool = pool
    images = Self.images(size: backbone.blueprint.inputSize)
    gates = backbone.blueprint.gates
    let outcome = try BackboneOutcome(of: images, in: backbone, pool: pool)
    expected = gateChannels.map { [images] in outcome.keeping($0, images: images.rows) } ?? outcome
  }

  /// The images and the backbone's features of them.
  var samples: [Safetensors.Entry] {
    [
      .init(
        name: "images", shape: [images.rows, images.channels, images.height, images.width],
        values: images.values),
      .init(
        name: "features", shape: [images.rows, expected.features.count / images.rows],
        values: expected.features.map { Float($0) }),
    ]
  }

  func outcome(of backbone: any Backbone) throws -> BackboneOutcome {
    try BackboneOutcome(of: images, in: backbone, pool: pool)
  }

  func outcome(of interpreter: ONNXInterpreter) throws -> BackboneOutcome {
    let names = gates.map { ONNXNames.logits(ofGate: $0.name) }
    let input = ONNXValue(
      [images.rows, images.channels, images.height, images.width], images.values.map(Double.init))
    let values = try interpreter.values(
      of: [ONNXNames.features] + names, from: [ONNXNames.images: input])
    return BackboneOutcome(
      features: values[ONNXNames.features]!.numbers, logits: names.map { values[$0]!.numbers })
  }

  /// - Parameter path: What errors name.
  /// - Throws: `ExportError` where there is more between them than rounding.
  func agreement(of found: BackboneOutcome, in path: String) throws(ExportError) -> Agreement {
    var largest = 0.0
    var undecided = 0
    for image in 0..<images.rows {
      if try decidesOtherwise(found, image, path) {
        undecided += 1
        continue
      }
      let difference = relativeDistance(
        rows(found.features)[image], to: rows(expected.features)[image])
      guard difference <= Self.tolerance else {
        throw .otherFeatures(path: path, difference: difference)
      }
      largest = max(largest, difference)
    }
    return Agreement(images: images.rows, largestDifference: largest, undecided: undecided)
  }

  /// Whether a gate decides otherwise for an image, by as little as rounding; gates behind it then see another map.
  private func decidesOtherwise(
    _ found: BackboneOutcome, _ image: Int, _ path: String
  ) throws(ExportError) -> Bool {
    for (number, gate) in gates.enumerated() {
      let (own, others) = (rows(expected.logits[number])[image], rows(found.logits[number])[image])
      let differing = zip(own, others).filter { ($0 >= 0) != ($1 >= 0) }.map(\.0)
      guard let farthest = differing.max(by: { abs($0) < abs($1) }) else { continue }
      guard abs(farthest) < Self.closeLogit else {
        throw .otherMask(path: path, gate: gate.name, logit: farthest)
      }
      return true
    }
    return false
  }

  /// The rows of a matrix, one an image.
  private func rows(_ matrix: [Double]) -> [ArraySlice<Double>] {
    let columns = matrix.count / images.rows
    return (0..<images.rows).map { matrix[$0 * columns..<($0 + 1) * columns] }
  }

  /// As many of them as a second or so computes, at least two: coarse patterns with noise, of about the mean and the
  /// deviation that normalised images have. Noise alone would look the same to every gate.
  private static func images(size: Int) -> Tensor {
    let count = min(8, max(2, 2 * 112 * 112 / (size * size)))
    let (patches, pixels) = (4, size * size)
    var values: [Float] = []
    values.reserveCapacity(count * 3 * pixels)
    for image in 0..<count {
      let noise = RandomDraws(seed: 0, purpose: .test, index: image)
      let pattern = RandomDraws(seed: 0, purpose: .test, index: image, layer: 1)
      for draw in 0..<3 * pixels {
        let (channel, row, column) = (draw / pixels, draw % pixels / size, draw % size)
        let patch = (channel * patches + row * patches / size) * patches + column * patches / size
        values.append(3 * pattern.uniform(patch) - 1.5 + noise.uniform(draw) - 0.5)
      }
    }
    return Tensor(rows: count, channels: 3, height: size, width: size, lanes: 1, values: values)
  }
}

/// What a backbone makes of images.
struct BackboneOutcome {
  /// `[images × D]`.
  let features: [Double]
  /// Of every gate, `[images × channels]`.
  let logits: [[Double]]
}

extension BackboneOutcome {
  /// - Parameter images: `[N, 3, H, W]`, normalised.
  init(of images: Tensor, in backbone: any Backbone, pool: WorkerPool) throws {
    let pass = Pass(.evaluation, rows: images.rows, shardSize: images.rows, pool: pool)
    let (features, gates) = try backbone.forward(images, in: pass)
    self.init(
      features: features.values.map(Double.init), logits: gates.map { $0.logits.values.map(Double.init) })
  }

  /// The same with some channels of each gate.
  func keeping(_ channels: [[Int]], images: Int) -> BackboneOutcome {
    BackboneOutcome(
      features: features,
      logits: zip(logits, channels).map { logits, kept in
        let columns = logits.count / images
        return (0..<images).flatMap { image in kept.map { logits[image * columns + $0] } }
      })
  }
}
