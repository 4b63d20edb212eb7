import CVector
import Layers
import Tensors

/// A linear layer on frozen features: logits = W·x + b.
public struct LinearClassifier: Sendable {
  public let classCount: Int
  public let dimension: Int
  /// W and then b: `[classCount × dimension]`, `[classCount]`.
  var parameters: [Float]

  /// All zero.
  init(classCount: Int, dimension: Int) {
    self.classCount = classCount
    self.dimension = dimension
    parameters = Array(repeating: 0, count: classCount * (dimension + 1))
  }

  /// How W and b lie in `parameters`.
  var biasStart: Int { classCount * dimension }

  /// Rows of features whose logits are computed at one time.
  static let blockRows = 512

  /// The classes of some images by their logits.
  ///
  /// - Parameter range: Rows of `images`.
  func predictions(
    of images: borrowing LabelledMatrix, _ range: Range<Int>, pool: WorkerPool
  ) throws -> Predictions {
    let features = images.features
    let blocks = (range.count + Self.blockRows - 1) / Self.blockRows
    let ranked = try pool.map(blocks) { block in
      let first = range.lowerBound + block * Self.blockRows
      let count = min(Self.blockRows, range.upperBound - first)
      var logits = [Float](repeating: 0, count: count * classCount)
      features.values.withUnsafeBufferPointer { values in
        write(logitsOf: values.baseAddress! + first * dimension, rows: count, to: &logits)
      }
      return (0..<count).flatMap { row in
        Predictions.ranked(logits[row * classCount..<(row + 1) * classCount])
      }
    }
    return Predictions(
      ranking: ranked.flatMap(\.self), labels: Array(images.labels[range]), classCount: classCount)
  }

  /// logits `[rows × classCount]` of features `[rows × dimension]`.
  func write(logitsOf features: UnsafePointer<Float>, rows: Int, to logits: UnsafeMutablePointer<Float>) {
    parameters.withUnsafeBufferPointer { parameters in
      let weights = parameters.baseAddress!
      PackedMatrix(transposing: weights, rows: dimension, columns: classCount)
        .multiply(features, rows: rows, into: logits)
      for row in 0..<rows { vector_add(classCount, logits + row * classCount, weights + biasStart) }
    }
  }
}
