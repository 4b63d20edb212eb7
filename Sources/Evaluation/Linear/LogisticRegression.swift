import COpenBLAS
import CVector
import Foundation
import Tensors

/// Multinomial logistic regression on frozen features.
///
/// The minimum over W and b of 1/n Σ_i [log Σ_c exp(w_c·x_i + b_c) − w_y·x_i − b_y] + ‖W‖² / (2·C·n), which is convex:
/// scikit-learn's `LogisticRegression(C)`, whose optimum and stopping rule these are. With p the softmax of a row's logits,
/// the gradient is 1/n Σ_i (p_ic − [c = y_i])·x_i + w_c/(C·n), and the same with 1 in place of x_i, without decay, for b.
struct LogisticRegression {
  /// C, the inverse of the decay: larger is less regularized.
  let inverseDecay: Double
  var minimizer = LBFGS()

  /// How many parts the sum over images is taken in, whatever the threads are: so it has the same bits for any number of
  /// them.
  private static let parts = 16

  /// - Parameters:
  ///   - range: Rows of `images`.
  ///   - start: Where the search begins; the result does not depend on it, but how soon it is found.
  ///   - check: Called after every look at all images; ends the fit by throwing.
  func fit(
    _ images: borrowing LabelledMatrix, _ range: Range<Int>, from start: LinearClassifier? = nil,
    pool: WorkerPool, check: () throws -> Void = {}
  ) throws -> LinearClassifier {
    let (features, labels) = (images.features, images.labels)
    var classifier = start ?? LinearClassifier(classCount: images.classCount, dimension: images.dimension)
    let decay = 1 / (inverseDecay * Double(range.count))
    let weightCount = classifier.biasStart
    let best = try minimizer.minimize(from: classifier.parameters.map(Double.init)) { parameters in
      try check()
      classifier.parameters = parameters.map(Float.init)
      var (loss, gradient) = try Self.lossAndGradient(of: classifier, features, labels, range, pool)
      var square = 0.0
      for i in 0..<weightCount {
        square += parameters[i] * parameters[i]
        gradient[i] += decay * parameters[i]
      }
      loss += decay / 2 * square
      return (loss, gradient)
    }
    classifier.parameters = best.map(Float.init)
    return classifier
  }

  /// The mean cross-entropy over the images, and its gradient in the layout of `parameters`.
  static func lossAndGradient(
    of classifier: LinearClassifier, _ features: FeatureMatrix, _ labels: [Int], _ range: Range<Int>,
    _ pool: WorkerPool
  ) throws -> (loss: Double, gradient: [Double]) {
    let perPart = (range.count + parts - 1) / parts
    let sums = try pool.map(parts) { part in
      let rows = range.dropFirst(part * perPart).prefix(perPart)
      return PartialSum(of: classifier, features, labels, rows)
    }
    let scale = 1 / Double(range.count)
    var gradient = [Double](repeating: 0, count: classifier.parameters.count)
    for sum in sums {
      for i in gradient.indices { gradient[i] += Double(sum.gradient[i]) }
    }
    for i in gradient.indices { gradient[i] *= scale }
    return (scale * sums.reduce(0) { $0 + $1.loss }, gradient)
  }

  /// Loss and gradient summed over consecutive images.
  private struct PartialSum {
    var loss = 0.0
    var gradient: [Float]

    init(of classifier: LinearClassifier, _ features: FeatureMatrix, _ labels: [Int], _ rows: Range<Int>) {
      let (classes, dimension) = (classifier.classCount, classifier.dimension)
      var loss = 0.0
      var gradient = [Float](repeating: 0, count: classifier.parameters.count)
      var logits = [Float](repeating: 0, count: min(LinearClassifier.blockRows, rows.count) * classes)
      features.values.withUnsafeBufferPointer { values in
        logits.withUnsafeMutableBufferPointer { logits in
          for first in stride(from: rows.lowerBound, to: rows.upperBound, by: LinearClassifier.blockRows) {
            let count = min(LinearClassifier.blockRows, rows.upperBound - first)
            let x = values.baseAddress! + first * dimension
            classifier.write(logitsOf: x, rows: count, to: logits.baseAddress!)
            for row in 0..<count {
              let g = logits.baseAddress! + row * classes
              loss += Softmax.lossAndGradient(g, classes: classes, label: labels[first + row])
              vector_add(classes, &gradient[classifier.biasStart], g)
            }
            openblas_sgemm(
              1, 0, Int32(classes), Int32(dimension), Int32(count), 1, logits.baseAddress, Int32(classes), x,
              Int32(dimension), 1, &gradient, Int32(dimension))
          }
        }
      }
      (self.loss, self.gradient) = (loss, gradient)
    }
  }
}

/// Cross-entropy of one row of logits.
enum Softmax {
  /// Replaces logits g by the gradient p − [c = label], p = exp(g − lse), and returns the loss lse − g_label in nats; all
  /// exponentials are taken relative to the largest logit, so that none overflows.
  static func lossAndGradient(_ logits: UnsafeMutablePointer<Float>, classes: Int, label: Int) -> Double {
    let largest = vector_max(classes, logits)
    let correct = Double(logits[label])
    let total = vector_sum_exp(classes, logits, largest)
    let logSumExp = Double(largest) + log(total)
    vector_softmax(classes, logits, Float(logSumExp))
    logits[label] -= 1
    return logSumExp - correct
  }
}
