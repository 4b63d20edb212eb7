import CVector
import Foundation
import Layers
import Tensors

/// A linear classifier that learns beside pretraining, on the features of each step, and leaves no trace in them: no
/// gradient goes back, it has its own optimizer, and it draws no random numbers, as it starts at zero.
///
/// Cross-entropy on the labels of the augmented views; SGD with momentum 0.9, rate 0.1·(images of a step)/256, down to 0
/// along a half cosine over the run. Gradients are summed along `ShardTree` (contract C1), so it has the same bits on any
/// number of ranks.
public final class OnlineProbe {
  public private(set) var classifier: LinearClassifier
  private var velocity: [Float]

  static let momentum = 0.9

  public init(classCount: Int, dimension: Int) {
    classifier = LinearClassifier(classCount: classCount, dimension: dimension)
    velocity = Array(repeating: 0, count: classifier.parameters.count)
  }

  /// One step; every rank calls it.
  ///
  /// - Parameters:
  ///   - features: `[rows, dimension]` of this rank.
  ///   - labels: The class of each row's image.
  ///   - shards: The rows that it learns from, of each of this rank's shards.
  ///   - images: Of all ranks, in a step.
  ///   - done: The share of the run that is over, in [0, 1].
  public func step(
    _ features: Tensor, labels: [Int], shards: [Range<Int>], images: Int, done: Double, pool: WorkerPool,
    reducer: any ShardReducer
  ) throws {
    precondition(labels.count == features.rows && features.channels == classifier.dimension)
    let count = classifier.parameters.count
    let leaves: [[Double]] = try pool.map(shards.count) { gradientSum(of: features, labels, shards[$0]) }
    let sums = try reducer.sum(Array(leaves.joined()), leaves: shards.count, width: count)
    let rows = shards.reduce(0) { $0 + $1.count }
    let scale = 1 / (Double(rows) * Double(reducer.worldSize))
    let gradient: [Float] = sums.map { Float($0 * scale) }
    let rate = 0.1 * Double(images) / 256 * (1 + cos(.pi * min(done, 1))) / 2
    vector_sgd(count, &classifier.parameters, gradient, &velocity, Float(rate), Float(Self.momentum), 0)
  }

  /// Summed over the rows of a shard.
  private func gradientSum(of features: Tensor, _ labels: [Int], _ rows: Range<Int>) -> [Double] {
    let (classes, dimension) = (classifier.classCount, classifier.dimension)
    var gradient = [Float](repeating: 0, count: classifier.parameters.count)
    let logits = Tensor(rows: rows.count, columns: classes)
    let x = features.pointer + rows.lowerBound * dimension
    classifier.write(logitsOf: x, rows: rows.count, to: logits.pointer)
    gradient.withUnsafeMutableBufferPointer { gradient in
      let biases = gradient.baseAddress! + classifier.biasStart
      for row in 0..<rows.count {
        let g = logits.pointer + row * classes
        _ = Softmax.lossAndGradient(g, classes: classes, label: labels[rows.lowerBound + row])
        vector_add(classes, biases, g)
      }
      PackedMatrix(x, rows: rows.count, columns: dimension)
        .multiply(transposing: logits.pointer, columns: classes, into: gradient.baseAddress!)
    }
    return gradient.map(Double.init)
  }

  // MARK: Checkpoints

  public static let fileName = "probe.safetensors"

  /// Weights, biases and velocities.
  public func encode() -> Data {
    let weights = classifier.biasStart
    func entries(_ suffix: String, _ values: [Float]) -> [Safetensors.Entry] {
      [
        .init(
          name: "probe.weight\(suffix)", shape: [classifier.classCount, classifier.dimension],
          values: Array(values[..<weights])),
        .init(name: "probe.bias\(suffix)", shape: [classifier.classCount], values: Array(values[weights...])),
      ]
    }
    return Safetensors.encode(entries("", classifier.parameters) + entries(".velocity", velocity))
  }

  /// Takes over what `encode` wrote.
  ///
  /// - Returns: Whether it is of such a classifier; nothing is changed otherwise.
  public func load(_ file: SafetensorsFile) -> Bool {
    func read(_ suffix: String) -> [Float]? {
      guard file.shape(of: "probe.weight\(suffix)") == [classifier.classCount, classifier.dimension],
        file.shape(of: "probe.bias\(suffix)") == [classifier.classCount],
        let weights = try? file.floats("probe.weight\(suffix)"),
        let biases = try? file.floats("probe.bias\(suffix)")
      else { return nil }
      return weights + biases
    }
    guard let parameters = read(""), let velocity = read(".velocity") else { return false }
    classifier.parameters = parameters
    self.velocity = velocity
    return true
  }
}
