import COpenBLAS
import Foundation

/// What classification by nearest neighbours gave.
public struct KNNResult: Equatable, Sendable {
  /// Images whose class has the largest score, in percent.
  public let top1: Double
  /// Images whose class has votes and is among the first min(5, k, classes) by score, in percent.
  public let top5: Double
  /// The class of the largest score, for every test row.
  public let predictions: [Int]
  /// `[test rows × k]`: indices of training rows, nearest first.
  public let neighbours: [Int]
  /// The neighbours that vote: what was asked for, or all training rows if they are fewer.
  public let k: Int
}

/// Classification of feature vectors by a weighted vote of their nearest neighbours.
///
/// Two protocols are usual: the nearest neighbour by Euclidean distance (Krishna et al., IMVIP 2022), and 20
/// neighbours by cosine similarity with weights e^(s/T), T = 0.07 (Wu et al., CVPR 2018). Among equally near
/// rows the one of lower index counts as nearer. Among equal scores the class of the nearer neighbour wins, then that of
/// lower label.
public enum KNearestNeighbors {
  public enum Metric: String, CaseIterable, Sendable {
    /// Rows are divided by their 2-norms; a neighbour's weight is e^(s/T), s the dot product.
    ///
    /// Votes are taken as e^((s − s₁)/T), s₁ that of the nearest: the same up to a common factor, and between 0 and 1 at
    /// every temperature.
    case cosine
    /// A neighbour's weight is 1 / (distance + 1e-5); the temperature is not used.
    case euclidean
  }

  /// - Parameters:
  ///   - train: `[training rows × dimension]`, row-major; at least one row.
  ///   - test: `[test rows × dimension]`.
  ///   - trainLabels, testLabels: In 0 ..< `classCount`.
  ///   - k: At least 1; all training rows vote if there are fewer.
  ///   - temperature: T > 0.
  ///   - check: Called after every few test rows; ends the classification by throwing.
  public static func classify(
    train: [Float], trainLabels: [Int], test: [Float], testLabels: [Int], dimension: Int, classCount: Int,
    k: Int, metric: Metric, temperature: Double, check: () throws -> Void
  ) rethrows -> KNNResult {
    precondition(dimension > 0 && k > 0 && temperature > 0 && !trainLabels.isEmpty)
    precondition(train.count == trainLabels.count * dimension && test.count == testLabels.count * dimension)
    precondition((trainLabels + testLabels).allSatisfy { 0..<classCount ~= $0 }, "a label is out of range")
    let k = min(k, trainLabels.count)
    let trainRows = FeatureRows(train, dimension: dimension, metric: metric)
    let testRows = FeatureRows(test, dimension: dimension, metric: metric)

    var neighbours: [Int] = []
    var predictions: [Int] = []
    var (hits, hitsOfFive) = (0, 0)
    neighbours.reserveCapacity(testLabels.count * k)
    let nearestOfAll = try nearestRows(testRows, in: trainRows, k: k, check: check)
    for (row, nearest) in nearestOfAll.enumerated() {
      let scores = votes(nearest, labels: trainLabels, classCount: classCount, metric, temperature)
      // Higher scores first; sorting by label as well puts equal ones in a defined order.
      let ranking = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
      let label = testLabels[row]
      neighbours += nearest.map(\.row)
      predictions.append(ranking[0])
      if ranking[0] == label { hits += 1 }
      if ranking.prefix(min(5, k)).contains(label), scores[label].hasVotes { hitsOfFive += 1 }
    }
    let images = Double(max(testLabels.count, 1))
    return KNNResult(
      top1: Double(100 * hits) / images, top5: Double(100 * hitsOfFive) / images, predictions: predictions,
      neighbours: neighbours, k: k)
  }

  /// What speaks for a class.
  struct Score: Comparable {
    /// The sum of its neighbours' weights; 0 also where all of them are too small for a number.
    var weight = 0.0
    /// Of its nearest neighbour, which decides between equal weights.
    var closeness = -Double.infinity

    /// Whether any neighbour with finite features is of this class.
    var hasVotes: Bool { closeness > -.infinity }

    static func < (a: Score, b: Score) -> Bool { (a.weight, a.closeness) < (b.weight, b.closeness) }
  }

  /// The score of every class.
  ///
  /// - Parameter nearest: Neighbours, nearest first.
  static func votes(
    _ nearest: [Neighbour], labels: [Int], classCount: Int, _ metric: Metric, _ temperature: Double
  ) -> [Score] {
    var scores = [Score](repeating: Score(), count: classCount)
    for neighbour in nearest where neighbour.closeness > -.infinity {
      let weight =
        switch metric {
        case .cosine: exp((neighbour.closeness - nearest[0].closeness) / temperature)
        case .euclidean: 1 / ((-neighbour.closeness).squareRoot() + 1e-5)
        }
      let label = labels[neighbour.row]
      scores[label].weight += weight
      scores[label].closeness = max(scores[label].closeness, neighbour.closeness)
    }
    return scores
  }

  /// The `k` nearest rows of every test row, nearest first.
  ///
  /// Products of blocks of rows find some more candidates than asked for; their closeness is then computed
  /// again, row by row, so that rounding that depends on a row's place in a block cannot change the order.
  static func nearestRows(
    _ test: FeatureRows, in train: FeatureRows, k: Int, check: () throws -> Void
  ) rethrows -> [[Neighbour]] {
    let (testBlock, trainBlock) = (128, 4096)  // 4 MiB of products
    let candidates = min(k + 16, train.count)
    var products = [Double](repeating: 0, count: testBlock * min(trainBlock, train.count))
    var result: [[Neighbour]] = []
    for first in stride(from: 0, to: test.count, by: testBlock) {
      try check()
      let rows = first..<min(first + testBlock, test.count)
      let left = test.values(rows)
      var nearest = [NearestCandidates](repeating: NearestCandidates(limit: candidates), count: rows.count)
      for firstTrain in stride(from: 0, to: train.count, by: trainBlock) {
        let trainRows = firstTrain..<min(firstTrain + trainBlock, train.count)
        let dimension = Int32(train.dimension)
        openblas_dgemm(
          0, 1, Int32(rows.count), Int32(trainRows.count), dimension, 1, left, dimension,
          train.values(trainRows), dimension, 0, &products, Int32(trainRows.count))
        for row in 0..<rows.count {
          for (column, trainRow) in trainRows.enumerated() {
            let product = products[row * trainRows.count + column]
            nearest[row].offer(train.closeness(product: product, row: trainRow), row: trainRow)
          }
        }
      }
      for (row, found) in zip(rows, nearest) {
        let exact = found.rows.map {
          Neighbour(row: $0, closeness: train.closeness(of: $0, to: row, in: test))
        }
        result.append(Array(exact.sorted { $1 < $0 }.prefix(k)))
      }
    }
    return result
  }
}
