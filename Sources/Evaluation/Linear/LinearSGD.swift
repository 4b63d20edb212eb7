import COpenBLAS
import CVector
import Foundation
import Tensors

/// Linear classifiers by stochastic gradient descent, one for each of several learning rates, trained side by side: each
/// batch of cached features is fetched once for all of them.
///
/// The protocol of [K] and of MoCo and its followers: momentum 0.9, no weight decay, the rate a tenth from 60 % of the
/// epochs on and a hundredth from 80 %. All start at zero, where the loss is the same for every class.
struct LinearSGD {
  var rates: [Double] = [0.1, 0.3, 1, 3, 10, 30]
  var epochs = 100
  var batch = 256
  var momentum = 0.9
  /// Decides the order of images.
  var seed: UInt64 = 0

  /// The rate of an epoch, as a share of the first.
  func decay(epoch: Int) -> Double { 10 * epoch < 6 * epochs ? 1 : 10 * epoch < 8 * epochs ? 0.1 : 0.01 }

  /// One classifier a rate, in their order; of a rate that is too large some numbers may not be finite.
  ///
  /// - Parameters:
  ///   - range: Rows of `images`.
  ///   - progress: Told the share that is done after every epoch; ends the training by throwing.
  func fit(
    _ images: borrowing LabelledMatrix, _ range: Range<Int>, pool: WorkerPool,
    progress: (Double) throws -> Void = { _ in }
  ) throws -> [LinearClassifier] {
    let (features, labels, dimension) = (images.features, images.labels, images.dimension)
    let empty = LinearClassifier(classCount: images.classCount, dimension: dimension)
    var learners = rates.map { _ in Learner(empty, rows: min(batch, range.count)) }
    let x = Tensor(rows: min(batch, range.count), columns: dimension)
    for epoch in 0..<epochs {
      let order = RandomDraws(seed: seed, purpose: .shuffle, epoch: epoch).permutation(of: range.count)
      for first in stride(from: 0, to: order.count, by: batch) {
        let rows = order[first..<min(first + batch, order.count)].map { range.lowerBound + $0 }
        features.values.withUnsafeBufferPointer { values in
          for (place, row) in rows.enumerated() {
            (x.pointer + place * dimension).update(
              from: values.baseAddress! + row * dimension, count: dimension)
          }
        }
        try learners.withUnsafeMutableBufferPointer { learners in
          nonisolated(unsafe) let learners = learners  // each piece trains its own
          try pool.run(rates.count) { number in
            learners[number].step(
              x.pointer, rows.map { labels[$0] }, rate: rates[number] * decay(epoch: epoch),
              momentum: momentum)
          }
        }
      }
      try progress(Double(epoch + 1) / Double(epochs))
    }
    return learners.map(\.classifier)
  }

  private struct Learner {
    var classifier: LinearClassifier
    private var velocity: [Float]
    private var gradient: [Float]
    private var logits: [Float]

    init(_ classifier: LinearClassifier, rows: Int) {
      self.classifier = classifier
      velocity = Array(repeating: 0, count: classifier.parameters.count)
      gradient = velocity
      logits = Array(repeating: 0, count: rows * classifier.classCount)
    }

    /// - Parameter x: `[labels.count × dimension]`.
    mutating func step(_ x: UnsafePointer<Float>, _ labels: [Int], rate: Double, momentum: Double) {
      let (classes, dimension, biases) = (classifier.classCount, classifier.dimension, classifier.biasStart)
      logits.withUnsafeMutableBufferPointer { logits in
        gradient.withUnsafeMutableBufferPointer { gradient in
          let g = logits.baseAddress!
          let biasGradient = gradient.baseAddress! + biases
          classifier.write(logitsOf: x, rows: labels.count, to: g)
          biasGradient.update(repeating: 0, count: classes)
          for (row, label) in labels.enumerated() {
            _ = Softmax.lossAndGradient(g + row * classes, classes: classes, label: label)
            vector_add(classes, biasGradient, g + row * classes)
          }
          openblas_sgemm(
            1, 0, Int32(classes), Int32(dimension), Int32(labels.count), 1, g, Int32(classes), x,
            Int32(dimension), 0, gradient.baseAddress, Int32(dimension))
        }
      }
      // The mean over the batch is taken of the rate: it is one factor.
      let scale = Float(1 / Double(labels.count))
      for i in gradient.indices { gradient[i] *= scale }
      vector_sgd(
        gradient.count, &classifier.parameters, gradient, &velocity, Float(rate), Float(momentum), 0)
    }
  }
}
